"""egov.onestop: the audit log of a one-stop system; its page is docs/reference/egov-onestop.md."""

from dataclasses import replace

from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise.egov import columns
from sentinel.normalise.egov.office_hours import local
from sentinel.normalise.egov.reader import read
from sentinel.normalise.egov.schema import Entry, Schema, action

EXAMPLE = """
{"version": 1, "time": "2026-11-23T08:05:11.201+07:00", "action": "lookup", "outcome": "success", "user": "lan.nt",
 "roles": ["can-bo-mot-cua"], "session": "5f0c1e9a27d34b61", "source_ip": "10.77.14.21", "device": "quay01-pc",
 "office": "mc-phuong-mau", "counter": "01", "rows": 1, "open_dossier": true,
 "citizen": "9b740f2d1c5e4a7bb8d6f3a1905c27e84d61fa3b0c92e75d8a4b6c1f20e39d57"}
"""
NOTES = """
## Status

Words as the system shows them, for example: `mới đăng ký`, `được tiếp nhận`, `yêu cầu bổ sung giấy tờ`, `đang xử lý`,
`đã xử lý xong`, `đã trả kết quả`, `dừng xử lý`. Rules compare them as NFC, whatever form they arrive in.

## What Sentinel adds

`sentinel.egov.is_backdated`: `effective_at` lies on an earlier day than `time`, in Asia/Ho_Chi_Minh.

`tests/data/recordings/onestop-audit.ndjson` is a day to try the rules on.
"""


def derive(fields: Fields) -> None:
    """Add whether a change is dated to an earlier day than it was made."""
    if (effective := fields.get("sentinel.egov.effective_at")) is not None:
        is_earlier = local(str(effective)).date() < local(str(fields["@timestamp"])).date()
        fields["sentinel.egov.is_backdated"] = is_earlier


SCHEMA = Schema(
    service="onestop",
    title="Audit log of a one-stop system",
    title_vi="Nhật ký hệ thống một cửa điện tử",
    about="What the vendor of a one-stop system (một cửa điện tử) writes: one line for every log-in, look-up, print, "
    "export and change of status.",
    actions=(
        action("login", "authentication", "start", "An official signs in"),
        action("logout", "authentication", "end", "An official signs out"),
        action("lookup", "database", "access", "A citizen is looked up"),
        action("view", "database", "access", "A dossier is opened"),
        action("print", "database", "access", "Something is printed"),
        action("export", "database", "access", "A list is exported"),
        action("status_change", "database", "change", "A dossier gets another status"),
        action("sign", "database", "change", "A result is signed"),
    ),
    entries=(
        columns.USER,
        Entry("office", "sentinel.egov.office", "text", "One-stop office", needed=True),
        columns.AGENCY_IF_ANY,
        columns.REASON,
        columns.ROLES,
        columns.SESSION,
        columns.SOURCE_IP,
        replace(columns.DEVICE, meaning="Counter computer; stays the same for the same computer"),
        Entry("counter", "sentinel.egov.counter", "text", "Counter in the office"),
        columns.DOSSIER,
        columns.PROCEDURE,
        columns.CITIZEN,
        Entry("rows", "sentinel.egov.rows", "count", "Rows shown, printed or exported"),
        Entry("status_from", "sentinel.egov.status_from", "text", "Status before a `status_change`"),
        Entry("status_to", "sentinel.egov.status_to", "text", "Status after it"),
        Entry("signed", "sentinel.egov.is_signed", "flag", "With a `status_change`: the result is signed digitally"),
        Entry(
            "effective_at", "sentinel.egov.effective_at", "time", "From when the change is said to hold, if not `time`"
        ),
        Entry(
            "open_dossier",
            "sentinel.egov.has_open_dossier",
            "flag",
            "The citizen looked up has an open dossier at this office",
        ),
    ),
    example=EXAMPLE,
    notes=NOTES,
    derive=derive,
)


def parse(event: Event) -> Fields | None:
    """Return the fields of one audit entry; raise `InputError` naming what breaks the schema."""
    return read(event.raw, SCHEMA)
