"""egov.conference: the log of video conferences; its page is docs/reference/egov-conference.md."""

import re
import unicodedata

from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise.egov import columns
from sentinel.normalise.egov.outside import outside
from sentinel.normalise.egov.reader import read
from sentinel.normalise.egov.schema import Entry, Schema, action

EXAMPLE = """
{"version": 1, "time": "2026-11-23T14:01:33.610+07:00", "action": "join", "outcome": "success", "user": "an.tv",
 "agency": "000.00.15.H24", "meeting": "m-20261123-04", "meeting_kind": "committee", "platform": "VC-HP",
 "title": "Phiên họp thường kỳ UBND tháng 11", "participant_kind": "member", "invited": true,
 "source_ip": "10.77.20.31", "device": "phong-hop-01"}
"""
NOTES = """
## Meetings

`meeting_kind` is `committee` for meetings of a people's committee or council and their standing bodies, `internal` for
other meetings of officials, `public` for those anybody may attend. Where it is missing, Sentinel takes `committee` from
a title that says so (`UBND`, `Ủy ban nhân dân`, `HĐND`, `Thường trực`, `Ban Thường vụ`).

A title that bears a secrecy marking is taken out before the line is stored, as in the
[document system](egov-edoc.md#secret-documents).

`participant` is the keyed hash of the name or address of somebody who is no official; the name itself is not written.

## What Sentinel adds

`sentinel.egov.outside_domains`: those of `recipient_domains`, with which a recording was shared, that are not the
state's.
"""
_COMMITTEE = re.compile(
    r"(?<!\w)(?:UBND|HĐND|[uủ][yỷ] ban nhân dân|hội đồng nhân dân|thường trực|ban thường vụ)(?!\w)", re.IGNORECASE
)


def derive(fields: Fields) -> None:
    """Add that a meeting is the committee's where only its title says so, and the domains that are not the state's."""
    title = unicodedata.normalize("NFC", str(fields.get("sentinel.egov.meeting_title", "")))
    if "sentinel.egov.meeting_kind" not in fields and _COMMITTEE.search(title):
        fields["sentinel.egov.meeting_kind"] = "committee"
    domains = fields.get("sentinel.egov.recipient_domains")
    if isinstance(domains, list) and (strangers := outside(str(each) for each in domains)):
        fields["sentinel.egov.outside_domains"] = list(strangers)


SCHEMA = Schema(
    service="conference",
    title="Log of video conferences",
    title_vi="Nhật ký hội nghị truyền hình trực tuyến",
    about="What a conference platform (hội nghị truyền hình) writes: one line for every meeting made, participant who "
    "asks to join, is let in or refused, and for every recording made or shared.",
    actions=(
        action("meeting_create", "session", "creation", "A meeting is made"),
        action("join", "session", "start", "Somebody joins, or tries to"),
        action("leave", "session", "end", "Somebody leaves"),
        action("record", "session", "info", "A recording is begun"),
        action("share", "file", "access", "A recording or a file is shared"),
        action("file_send", "file", "creation", "A file is sent in the meeting"),
    ),
    entries=(
        columns.USER_IF_ANY,
        columns.AGENCY_IF_ANY,
        Entry("meeting", "sentinel.egov.meeting_id", "text", "The meeting's key", needed=True, most=128),
        Entry(
            "meeting_kind",
            "sentinel.egov.meeting_kind",
            "word",
            "Whose meeting it is",
            words=("committee", "internal", "public"),
        ),
        Entry("title", "sentinel.egov.meeting_title", "text", "What the meeting is called", most=1_000),
        Entry("platform", "sentinel.egov.application", "text", "Conference platform", most=128),
        Entry(
            "participant_kind",
            "sentinel.egov.participant_kind",
            "word",
            "Who joins: an official, a named guest, somebody without a name",
            words=("member", "guest", "anonymous"),
        ),
        Entry("participant", "sentinel.egov.participant_hmac", "token", "Keyed hash of a participant from outside"),
        Entry("invited", "sentinel.egov.is_invited", "flag", "The host had invited this participant"),
        columns.SOURCE_IP,
        columns.DEVICE,
        columns.RECIPIENT_DOMAINS,
        Entry("public_link", "sentinel.egov.is_public_link", "flag", "Whoever has the link may open it"),
        columns.FILE_HASH,
        columns.FILE_EXTENSION,
        columns.REASON,
    ),
    example=EXAMPLE,
    notes=NOTES,
    secret=("title",),
    derive=derive,
)


def parse(event: Event) -> Fields | None:
    """Return the fields of one line; raise `InputError` naming what breaks the schema."""
    return read(event.raw, SCHEMA)
