"""egov.signing: the log of digital signatures; its page is docs/reference/egov-signing.md."""

from dataclasses import replace

from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise.egov import columns
from sentinel.normalise.egov.reader import read
from sentinel.normalise.egov.schema import Entry, Schema, action

EXAMPLE = """
{"version": 1, "time": "2026-11-23T10:02:51.330+07:00", "action": "sign", "outcome": "success", "user": "binh.lt",
 "agency": "000.03.15.H24", "device": "ct-pc-02", "source_ip": "10.77.31.12", "certificate": "54:0A:11:7C:9E:02:5D",
 "certificate_status": "valid", "not_after": "2028-03-01T00:00:00+07:00", "key": "usb-token",
 "application": "vSign-Desktop", "approved_application": true, "batch": false,
 "file_hash": "0f6d2b81c9a34e57b6d08f1c2e7a94d350b1c8f6e2d97a043b5e61fc8d20a739"}
"""
NOTES = """
## One line, from wherever it is known

The signing program, the gateway of SIM PKI and the central signing server write the same lines. `pin_failure` is a
wrong PIN at a token or a SIM; `sim_change` is a new SIM card or telephone for a number that signs, as the operator
reports it, with the same `certificate`.

## What Sentinel adds

`sentinel.egov.is_after_expiry`: it was signed after `not_after`, whatever `certificate_status` says.
"""


def derive(fields: Fields) -> None:
    """Add whether it was signed after the certificate had ended."""
    if (ends := fields.get("sentinel.egov.certificate_not_after")) is not None:
        # Times of records have a fixed width, so they compare as texts.
        fields["sentinel.egov.is_after_expiry"] = str(fields["@timestamp"]) > str(ends)


SCHEMA = Schema(
    service="signing",
    title="Log of digital signatures",
    title_vi="Nhật ký ký số chuyên dùng",
    about="What programs and gateways for special-purpose government certificates write: one line for every signature, "
    "check of a signature, wrong PIN, and change of a certificate or SIM card.",
    actions=(
        action("sign", "authentication", "info", "Something is signed"),
        action("verify", "authentication", "info", "A signature is checked"),
        action("pin_failure", "authentication", "start", "A wrong PIN was entered"),
        action("token_insert", "host", "start", "A token is plugged in"),
        action("token_remove", "host", "end", "A token is unplugged"),
        action("certificate_issue", "iam", "creation", "A certificate is issued"),
        action("certificate_revoke", "iam", "deletion", "A certificate is withdrawn"),
        action("sim_change", "iam", "change", "The SIM card or telephone of a signer changed"),
    ),
    entries=(
        columns.USER_IF_ANY,
        columns.AGENCY,
        replace(columns.CERTIFICATE, needed=True),
        Entry(
            "certificate_status",
            "sentinel.egov.certificate_status",
            "word",
            "What OCSP or the revocation list says",
            words=("valid", "revoked", "expired", "not_yet_valid", "unknown"),
        ),
        Entry("not_after", "sentinel.egov.certificate_not_after", "time", "When the certificate ends"),
        Entry(
            "key",
            "sentinel.egov.key_kind",
            "word",
            "Where the private key is",
            words=("usb-token", "sim-pki", "hsm"),
        ),
        columns.DEVICE,
        columns.SOURCE_IP,
        Entry("application", "sentinel.egov.application", "text", "Program that used the key", most=128),
        Entry(
            "approved_application",
            "sentinel.egov.is_approved_application",
            "flag",
            "It is on the agency's list of programs that may sign",
        ),
        Entry("batch", "sentinel.egov.is_batch", "flag", "One PIN for several documents, as the system allows"),
        Entry("sim", "sentinel.egov.sim_hmac", "token", "Keyed hash of the telephone number"),
        columns.FILE_HASH,
        columns.REASON,
    ),
    example=EXAMPLE,
    notes=NOTES,
    derive=derive,
)


def parse(event: Event) -> Fields | None:
    """Return the fields of one line; raise `InputError` naming what breaks the schema."""
    return read(event.raw, SCHEMA)
