"""egov.lgsp: the log of the city's integration platform; its page is docs/reference/egov-lgsp.md."""

from dataclasses import replace

from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise.egov import columns
from sentinel.normalise.egov.reader import read
from sentinel.normalise.egov.schema import Entry, Schema, action

EXAMPLE = """
{"version": 1, "time": "2026-11-23T08:31:02.777+07:00", "action": "call", "outcome": "success",
 "consumer": "mot-cua-thanh-pho", "consumer_kind": "interactive", "registered": true, "source_ip": "10.70.2.11",
 "agency": "000.00.15.H24", "api": "dan-cu/tra-cuu", "provider": "csdl-dan-cu", "status": 200, "bytes": 1840,
 "latency_ms": 212, "records": 1, "citizen": "2f7d01ac6b9e4d53a18c70e2f64b95d317c8ea40b5d2961f3e07ab84cd56f129"}
"""
NOTES = """
## Heartbeats

The platform asks every provider, the national platform (NGSP) included, every five minutes whether it answers, and
writes a `heartbeat` each time, with `outcome` `failure` when it does not. That tells a partner's outage from an attack.

## Administration

`consumer_create`, `scope_grant`, `key_issue` and `key_revoke` name the official in `user` and the approved change in
`change_ticket`; one without a ticket raises an alert.
"""

SCHEMA = Schema(
    service="lgsp",
    title="Log of the integration platform",
    title_vi="Nhật ký nền tảng tích hợp, chia sẻ dữ liệu (LGSP)",
    about="What the integration platform (LGSP) writes: one line for every call of a consumer, every heartbeat of a "
    "provider, and for every change of consumers, scopes and keys.",
    actions=(
        action("call", "web", "access", "A consumer calls an interface"),
        action("token", "authentication", "start", "A consumer asks for an access token"),
        action("heartbeat", "network", "info", "A provider was asked whether it answers"),
        action("consumer_create", "iam", "creation", "A consumer is created"),
        action("scope_grant", "iam", "change", "A consumer may call more than before"),
        action("key_issue", "iam", "change", "A consumer gets a key"),
        action("key_revoke", "iam", "deletion", "A key is withdrawn"),
    ),
    entries=(
        replace(columns.USER_IF_ANY, meaning="Administrator, with changes of consumers, scopes and keys"),
        Entry("consumer", "sentinel.egov.api_consumer", "text", "System that calls, as registered", most=128),
        Entry(
            "consumer_kind",
            "sentinel.egov.consumer_kind",
            "word",
            "`interactive`: officials wait for the answer; `batch`: a job calls by night too",
            words=("interactive", "batch"),
        ),
        columns.AGENCY_IF_ANY,
        columns.SOURCE_IP,
        Entry(
            "registered",
            "sentinel.egov.is_registered_address",
            "flag",
            "The address is one of those the consumer has registered",
        ),
        columns.CERTIFICATE,
        Entry("api", "sentinel.egov.api_name", "text", "Interface that is called", most=128),
        Entry("provider", "sentinel.egov.api_provider", "text", "Whose data they are", most=128),
        Entry("scope", "sentinel.egov.api_scope", "text", "What was granted, with `scope_grant`", most=128),
        columns.HTTP_STATUS,
        Entry("bytes", "http.response.body.bytes", "count", "Size of the answer"),
        Entry("latency_ms", "event.duration", "milliseconds", "How long it took; kept in nanoseconds"),
        Entry("records", "sentinel.egov.rows", "count", "People or objects in the answer"),
        columns.CITIZEN,
        Entry("change_ticket", "sentinel.egov.change_ticket", "text", "Approved change, with administration", most=64),
        columns.REASON,
    ),
    example=EXAMPLE,
    notes=NOTES,
)


def parse(event: Event) -> Fields | None:
    """Return the fields of one line; raise `InputError` naming what breaks the schema."""
    return read(event.raw, SCHEMA)
