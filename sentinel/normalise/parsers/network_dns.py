"""network.dns: questions and answers the sensor saw."""

from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise.typed import read

NAMES = frozenset(
    {
        "@timestamp",
        "event.action",
        "event.outcome",
        "event.type",
        "source.ip",
        "source.port",
        "source.mac",
        "destination.ip",
        "destination.port",
        "destination.mac",
        "network.transport",
        "network.type",
        "network.protocol",
        "network.bytes",
        "network.community_id",
        "dns.type",
        "dns.id",
        "dns.op_code",
        "dns.response_code",
        "dns.resolved_ip",
        "dns.question.name",
        "dns.question.type",
        "dns.question.class",
        "dns.question.registered_domain",
        "dns.question.subdomain",
        "dns.question.top_level_domain",
        "dns.answers.name",
        "dns.answers.data",
        "dns.answers.type",
        "dns.answers.ttl",
        "sentinel.dns.question_length",
        "sentinel.dns.label_length_max",
        "sentinel.dns.entropy",
        "observer.name",
        "observer.type",
        "observer.ingress.interface.name",
    }
)
_REQUIRED = frozenset({"dns.type"})


def parse(event: Event) -> Fields | None:
    """Return the fields of one message; raise `InputError` where they are not those of DNS."""
    fixed: Fields = {
        "event.category": ["network"],
        "event.type": ["connection", "protocol", "info"],
        "network.protocol": "dns",
    }
    return read(event.raw, NAMES, _REQUIRED, fixed)
