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
_SECOND_LEVELS = frozenset(
    {"ac", "biz", "co", "com", "edu", "go", "gov", "health", "info", "int", "mil", "name", "net", "or", "org", "pro"}
)
_COUNTRY_CODE_LENGTH = 2


def parse(event: Event) -> Fields | None:
    """Return the fields of one message; raise `InputError` where they are not those of DNS."""
    fixed: Fields = {
        "event.category": ["network"],
        "event.type": ["connection", "protocol", "info"],
        "network.protocol": "dns",
    }
    fields = read(event.raw, NAMES, _REQUIRED, fixed)
    name = fields.get("dns.question.name")
    if isinstance(name, str) and "dns.question.registered_domain" not in fields:
        domain = registered_domain(name)
        if domain:
            fields["dns.question.registered_domain"] = domain
    return fields


def registered_domain(name: str) -> str:
    """Return the part of a name that one registers, empty where there is none.

    Without the public suffix list: `gov.vn` and its like, a known second level below a country, count as a suffix.
    """
    labels = name.rstrip(".").lower().split(".")
    is_deep = len(labels) > 2 and len(labels[-1]) == _COUNTRY_CODE_LENGTH and labels[-2] in _SECOND_LEVELS
    wanted = 3 if is_deep else 2
    return ".".join(labels[-wanted:]) if len(labels) >= wanted and all(labels) else ""
