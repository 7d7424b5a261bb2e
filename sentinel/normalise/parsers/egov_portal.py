"""egov.portal: the audit log of a public-service portal; its page is docs/reference/egov-portal.md."""

from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise.egov import columns
from sentinel.normalise.egov.reader import read
from sentinel.normalise.egov.schema import Entry, Schema, action

EXAMPLE = """
{"version": 1, "time": "2026-11-23T09:12:44.018+07:00", "action": "upload", "outcome": "success",
 "account": "4c1d90be7a2f53688e0d9b7c41a6f2350d8e6b9471c3fa025e7d81b36c94fa07", "session": "b81e4f02c7d94a35",
 "source_ip": "203.0.113.25", "device": "fp-7d1f0a52", "dossier": "H24-261123-0412", "procedure": "1.004193",
 "path": "/kho-tep/2026/11/23/9f0c41d7.pdf", "file_extension": "pdf", "file_size": 481220, "scan": "clean",
 "file_hash": "a54d88e06612d820bc3be72877c74f257b561b19d9fd5e2d4a9c3f7b1e6280aa"}
"""
NOTES = """
## Paths

`upload` gives the path at which the portal keeps the file, `open` the path that was asked for. Rules join the two, so
both are written as the browser would ask for them, without host and without query.

## Checks of pages

`page_check` is written by whatever compares the portal's pages with what was published; `finding` says what it found,
and `outcome` is `failure` when it found anything.
"""

SCHEMA = Schema(
    service="portal",
    title="Audit log of a public-service portal",
    title_vi="Nhật ký cổng dịch vụ công",
    about="What a public-service portal (cổng dịch vụ công) writes about citizens' and officials' doings in it; its "
    "web server's access log comes beside it, as `nginx.access`.",
    actions=(
        action("login", "authentication", "start", "A citizen or official signs in"),
        action("logout", "authentication", "end", "The session ends"),
        action("submit", "database", "creation", "A dossier is handed in"),
        action("view", "database", "access", "A dossier is opened"),
        action("pay", "database", "change", "A fee is paid"),
        action("upload", "file", "creation", "A file is stored"),
        action("open", "file", "access", "A stored file is asked for by its path"),
        action("publish", "web", "change", "A page or an announcement is published"),
        action("page_check", "web", "info", "The published pages were compared with what they should be"),
    ),
    entries=(
        Entry("account", "sentinel.egov.account_hmac", "token", "Keyed hash of the citizen's account"),
        columns.USER_IF_ANY,
        columns.AGENCY_IF_ANY,
        columns.REASON,
        columns.ROLES,
        columns.SESSION,
        columns.SOURCE_IP,
        columns.DEVICE,
        columns.USER_AGENT,
        Entry(
            "identity_provider",
            "sentinel.egov.identity_provider",
            "word",
            "Who vouched for the account",
            words=("vneid", "national-portal", "local"),
        ),
        columns.DOSSIER,
        columns.PROCEDURE,
        columns.CITIZEN,
        Entry("owner", "sentinel.egov.is_owner", "flag", "The dossier belongs to the account that opened it"),
        Entry("path", "url.path", "text", "Path of a stored file or a page", most=2_000),
        columns.HTTP_STATUS,
        columns.FILE_HASH,
        columns.FILE_EXTENSION,
        columns.FILE_SIZE,
        Entry(
            "scan",
            "sentinel.egov.scan_verdict",
            "word",
            "Upload scanner's verdict",
            words=("clean", "infected", "skipped"),
        ),
        Entry(
            "finding",
            "sentinel.egov.finding",
            "word",
            "What a `page_check` found",
            words=("gambling", "hidden-link", "changed", "unreachable"),
        ),
    ),
    example=EXAMPLE,
    notes=NOTES,
)


def parse(event: Event) -> Fields | None:
    """Return the fields of one audit entry; raise `InputError` naming what breaks the schema."""
    return read(event.raw, SCHEMA)
