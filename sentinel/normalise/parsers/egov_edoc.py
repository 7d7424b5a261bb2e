"""egov.edoc: the audit log of a document system; its page is docs/reference/egov-edoc.md."""

from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise.egov import columns
from sentinel.normalise.egov.outside import outside
from sentinel.normalise.egov.reader import read
from sentinel.normalise.egov.schema import Entry, Schema, action

EXAMPLE = """
{"version": 1, "time": "2026-11-23T08:47:30.402+07:00", "action": "forward", "outcome": "success", "user": "an.tv",
 "agency": "000.00.15.H24", "source_ip": "10.77.20.31", "device": "vp-pc-07", "document": "d-2026-118204",
 "number": "1843/UBND-VX", "secrecy": "thường", "title": "V/v báo cáo tình hình tiếp nhận hồ sơ trực tuyến quý IV",
 "recipients": ["000.01.15.H24", "000.02.15.H24"]}
"""
NOTES = """
## Secret documents

A document marked MẬT, TỐI MẬT or TUYỆT MẬT does not belong on a networked system. Where one is met all the same, the
line carries `secrecy` and neither `title` nor `file_name`. What a vendor writes against this rule is taken out before
it is stored: the record then says `sentinel.egov.is_withheld`, its `event.original` has `(withheld)` in that place, and
names outside the table are taken out too. (The collector's spool and the server's journal hold the line as it was
written until it has been processed.)

A title is also looked at for a marking: `(MẬT)`, `TỐI MẬT - Phương án …`, `Độ mật: Tuyệt mật`, in any Unicode form and
for the two higher levels without accents as well. Words that only contain one (`mật khẩu`, `mật độ`, `bảo mật`) or
mention one (`danh mục bí mật nhà nước độ Tối mật`) do not count. A system that reads scans reports the marking it saw
in `marking`; the text it read stays where it is.

`secrecy` may be written without accents (`toi-mat`) or in English (`normal`, `internal`, `confidential`, `secret`,
`top_secret`).

## Transport between agencies

`receive` of an edXML message gives `sender` (its `From` OrganId) and `certificate_agency` (the OrganId the signing
certificate was issued to); when the two differ, somebody writes in another agency's name.

`attachment_open` and `download` repeat `external`, `sender` and `certificate_agency` of the document they belong to, so
that an attachment nobody has signed can be told from a ministry's circular.

## What Sentinel adds

`sentinel.egov.outside_domains`: those of `recipient_domains` that are not the state's (`gov.vn` and its like).
"""


def derive(fields: Fields) -> None:
    """Add the receiving domains that are not the state's."""
    domains = fields.get("sentinel.egov.recipient_domains")
    if isinstance(domains, list) and (strangers := outside(str(each) for each in domains)):
        fields["sentinel.egov.outside_domains"] = list(strangers)


SCHEMA = Schema(
    service="edoc",
    title="Audit log of a document system",
    title_vi="Nhật ký hệ thống quản lý văn bản và điều hành",
    about="What a document system (quản lý văn bản và điều hành) writes: one line for every document received, sent, "
    "forwarded, opened, downloaded or printed, and for every attachment opened.",
    actions=(
        action("login", "authentication", "start", "An official signs in"),
        action("receive", "email", "info", "A document arrives from another agency"),
        action("send", "email", "info", "A document is issued"),
        action("forward", "email", "info", "A document is passed on"),
        action("view", "file", "access", "A document is opened"),
        action("download", "file", "access", "A document or attachment is downloaded"),
        action("print", "file", "access", "A document is printed"),
        action("upload", "file", "creation", "A document or attachment is added"),
        action("attachment_open", "file", "access", "An attachment is opened"),
        action("delete", "file", "deletion", "A document is deleted"),
    ),
    entries=(
        columns.USER,
        columns.AGENCY,
        columns.REASON,
        columns.ROLES,
        columns.SESSION,
        columns.SOURCE_IP,
        columns.DEVICE,
        Entry("document", "sentinel.egov.document_id", "text", "The document's key in the system", most=128),
        Entry("number", "sentinel.egov.document_number", "text", "Its number and sign", most=128),
        Entry(
            "secrecy",
            "sentinel.egov.document_secrecy",
            "secrecy",
            "`thường`, `nội bộ`, `mật`, `tối mật`, `tuyệt mật`",
        ),
        Entry(
            "marking",
            "sentinel.egov.marking_found",
            "secrecy",
            "Marking the system found in a scan: `mật`, `tối mật`, `tuyệt mật`",
        ),
        Entry("title", "sentinel.egov.document_title", "text", "Summary line; never for a secret document", most=1_000),
        Entry("file_name", "file.name", "text", "Name of an attachment; never for a secret document"),
        columns.FILE_HASH,
        columns.FILE_EXTENSION,
        columns.FILE_SIZE,
        Entry("macro", "sentinel.egov.has_macro", "flag", "The attachment holds a macro or a program"),
        Entry("external", "sentinel.egov.is_external", "flag", "It came from outside the city's agencies"),
        Entry("recipients", "sentinel.egov.recipients", "texts", "OrganId of receiving agencies", most=1_000),
        columns.RECIPIENT_DOMAINS,
        Entry("sender", "sentinel.egov.sender_code", "text", "OrganId that the message says it is from", most=64),
        Entry(
            "certificate_agency",
            "sentinel.egov.certificate_agency",
            "text",
            "OrganId the signing certificate was issued to",
            most=64,
        ),
    ),
    example=EXAMPLE,
    notes=NOTES,
    secret=("title", "file_name"),
    derive=derive,
)


def parse(event: Event) -> Fields | None:
    """Return the fields of one audit entry; raise `InputError` naming what breaks the schema."""
    return read(event.raw, SCHEMA)
