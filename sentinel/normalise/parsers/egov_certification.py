"""egov.certification: the log of certified electronic copies; its page is docs/reference/egov-certification.md."""

from dataclasses import replace

from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise.egov import columns
from sentinel.normalise.egov.reader import read
from sentinel.normalise.egov.schema import Entry, Schema, action

EXAMPLE = """
{"version": 1, "time": "2026-11-23T09:20:17.900+07:00", "action": "certify", "outcome": "success", "user": "thu.hm",
 "agency": "000.41.15.H24", "office": "mc-phuong-mau", "device": "quay03-pc", "source_ip": "10.77.14.23",
 "request": "CTBS-261123-0087", "certificate": "54:0a:11:7c:9e:02:5d", "copies": 1, "original_seen": true,
 "on_leave": false, "holder": "71b0c2d4e6f80a1b3c5d7e9f20416283a5c7e9fb0d1f31537597b9dbfd1e3052",
 "file_hash": "6b1f0e8d3c5a7921b4d6f8e0a2c4e6081a3b5c7d9e0f1123456789abcdef0123"}
"""
NOTES = """
## The copy and its holder

`file_hash` is that of the scan of the original as it was uploaded, before a signature is put on it, so that the same
scan has the same hash wherever it is certified. `holder` is the keyed hash of the name and birth date the paper was
issued to: one scan has one holder.

`on_leave` comes from the roster, where the system knows it.
"""

SCHEMA = Schema(
    service="certification",
    title="Log of certified electronic copies",
    title_vi="Nhật ký chứng thực bản sao điện tử từ bản chính",
    about="What the system for certified electronic copies (chứng thực bản sao điện tử) writes: one line for every "
    "request taken in, copy certified, refused or withdrawn.",
    actions=(
        action("login", "authentication", "start", "An official signs in"),
        action("receive", "database", "creation", "A request is taken in"),
        action("certify", "database", "change", "A copy is certified and signed"),
        action("refuse", "database", "change", "A request is refused"),
        action("withdraw", "database", "deletion", "A certified copy is withdrawn"),
        action("download", "file", "access", "A certified copy is downloaded"),
    ),
    entries=(
        columns.USER,
        columns.AGENCY,
        Entry("office", "sentinel.egov.office", "text", "Office that certifies"),
        columns.DEVICE,
        columns.SOURCE_IP,
        Entry("request", "sentinel.egov.request_id", "text", "Number of the request", most=128),
        columns.CERTIFICATE,
        replace(columns.FILE_HASH, meaning="SHA-256 of the scan of the original"),
        Entry("holder", "sentinel.egov.holder_hmac", "token", "Keyed hash of whom the original was issued to"),
        replace(columns.CITIZEN, meaning="Keyed hash of the number of who asks"),
        Entry("copies", "sentinel.egov.rows", "count", "Copies certified"),
        Entry(
            "original_seen",
            "sentinel.egov.is_original_seen",
            "flag",
            "The official recorded that the original was presented",
        ),
        Entry("on_leave", "sentinel.egov.is_on_leave", "flag", "The official is absent that day, by the roster"),
        columns.REASON,
    ),
    example=EXAMPLE,
    notes=NOTES,
)


def parse(event: Event) -> Fields | None:
    """Return the fields of one line; raise `InputError` naming what breaks the schema."""
    return read(event.raw, SCHEMA)
