"""egov.mail: the audit log of the official mail system; its page is docs/reference/egov-mail.md."""

from dataclasses import replace

from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise.egov import columns
from sentinel.normalise.egov.outside import outside
from sentinel.normalise.egov.reader import read
from sentinel.normalise.egov.schema import Entry, Schema, action

LEGACY = ("imap", "pop3", "smtp")
EXAMPLE = """
{"version": 1, "time": "2026-11-23T08:15:09.114+07:00", "action": "send", "outcome": "success", "user": "an.tv",
 "agency": "000.00.15.H24", "source_ip": "10.77.20.31", "protocol": "webmail", "recipient_count": 3,
 "recipient_domains": ["haiphong.gov.vn"], "session": "c2d40f7e91ab4835"}
"""
NOTES = """
## What is left out

Subjects, bodies and the addresses of people outside stay in the mail system. A sender outside is `sender`, the keyed
hash of the address in small letters, with `sender_domain` beside it: enough to see that the same one writes to several
agencies.

`leader_name` is told by the mail system, which compares the display name with the list of leaders, accents and case
aside; the name itself is not written.

## What Sentinel adds

`sentinel.egov.outside_domains`: those of `recipient_domains` that are not the state's. With `forward_set` and
`rule_create` the domains are those that mail is passed on to.
"""


def derive(fields: Fields) -> None:
    """Add the receiving domains that are not the state's."""
    domains = fields.get("sentinel.egov.recipient_domains")
    if isinstance(domains, list) and (strangers := outside(str(each) for each in domains)):
        fields["sentinel.egov.outside_domains"] = list(strangers)


SCHEMA = Schema(
    service="mail",
    title="Audit log of the official mail system",
    title_vi="Nhật ký hệ thống thư điện tử công vụ",
    about="What the official mail system (thư điện tử công vụ) writes: one line for every sign-in, message sent or "
    "received, rule or forwarding set, and act of an administrator.",
    actions=(
        action("login", "authentication", "start", "Somebody signs in, by whatever protocol"),
        action("send", "email", "info", "A message is sent"),
        action("receive", "email", "info", "A message arrives"),
        action("forward_set", "configuration", "change", "A mailbox passes its mail on"),
        action("rule_create", "configuration", "creation", "A rule of a mailbox passes on, moves or deletes mail"),
        action("delegate_add", "iam", "change", "Somebody gets access to another's mailbox"),
        action("mailbox_export", "file", "access", "A mailbox is exported"),
        action("password_reset", "iam", "change", "An administrator sets a password"),
    ),
    entries=(
        replace(columns.USER, meaning="Mailbox: of the sender, or with `receive` of the recipient"),
        columns.AGENCY,
        Entry("target", "user.target.name", "account", "Mailbox an administrator acts on"),
        columns.REASON,
        columns.ROLES,
        columns.SESSION,
        columns.SOURCE_IP,
        columns.USER_AGENT,
        Entry(
            "protocol",
            "network.protocol",
            "word",
            "How it was reached",
            words=("webmail", "activesync", "ews", *LEGACY),
        ),
        Entry("recipient_count", "sentinel.egov.recipient_count", "count", "Recipients of the message", most=1_000_000),
        columns.RECIPIENT_DOMAINS,
        Entry("external", "sentinel.egov.is_external", "flag", "The sender is outside the city's agencies"),
        Entry("sender", "sentinel.egov.sender_hmac", "token", "Keyed hash of a sender outside"),
        Entry("sender_domain", "sentinel.egov.sender_domain", "domain", "Mail domain of the sender"),
        Entry("leader_name", "sentinel.egov.is_leader_name", "flag", "The display name is that of a leader"),
        Entry("dmarc", "sentinel.egov.dmarc", "word", "Result of DMARC", words=("pass", "fail", "none")),
        columns.FILE_HASH,
        columns.FILE_EXTENSION,
        Entry("macro", "sentinel.egov.has_macro", "flag", "An attachment holds a macro or a program"),
    ),
    example=EXAMPLE,
    notes=NOTES,
    derive=derive,
)


def parse(event: Event) -> Fields | None:
    """Return the fields of one audit entry; raise `InputError` naming what breaks the schema."""
    return read(event.raw, SCHEMA)
