"""What DNS servers, BIND and dnsmasq, say about questions."""

import re

from sentinel.model.record import Fields
from sentinel.normalise.values import address, port

_CLIENT = r"client (?:@0x[0-9a-f]{1,16} )?(?P<ip>[0-9A-Fa-f.:]{2,45})#(?P<port>\d{1,5})(?: \([^()\s]{1,255}\))?"
_QUERY = re.compile(
    rf"(?:\w{{1,20}}: )?(?:info: )?{_CLIENT}: (?:view \S{{1,64}}: )?"
    r"query: (?P<name>\S{1,255}) (?P<class>\w{1,10}) (?P<type>\w{1,10}) \S{1,20}(?: \((?P<server>\S{2,45})\))?.*"
)
_DENIED = re.compile(
    rf"(?:[\w-]{{1,20}}: )?(?:\w{{1,10}}: )?{_CLIENT}: (?:view \S{{1,64}}: )?"
    r"(?P<what>query|zone transfer|update)(?: \(cache\))?,? '(?P<name>[^'/]{1,255})"
    r"/(?:(?P<type>\w{1,10})/)?(?P<class>\w{1,10})' (?P<why>denied.*|failed.*)"
)
_DNSMASQ = re.compile(
    r"(?:\d{1,10} [0-9A-Fa-f.:]{2,45}/\d{1,5} )?"
    r"(?:query\[(?P<type>\w{1,10})\] (?P<name>\S{1,255}) from (?P<ip>[0-9A-Fa-f.:]{2,45})"
    r"|(?P<how>reply|cached|config) (?P<about>\S{1,255}) is (?P<answer>.{1,255}))"
)

_DNS: Fields = {"event.category": ["network"], "event.type": ["connection", "protocol"], "network.protocol": "dns"}


def _question(name: str, kind: str | None) -> Fields:
    fields: Fields = {"dns.question.name": name.rstrip(".") or "."}
    if kind:
        fields["dns.question.type"] = kind.upper()
    return fields


def _peer(found: re.Match[str]) -> Fields:
    fields: Fields = {}
    if (ip := address(found["ip"])) is not None:
        fields["source.ip"] = ip
    if (number := port(found.groupdict().get("port") or "")) is not None:
        fields["source.port"] = number
    return fields


def read(message: str) -> Fields | None:
    """Return BIND's question, or what it refused."""
    message = message.strip()
    start = message.find("client ")
    if not 0 <= start <= 80:
        return None
    message = message[start:]
    if found := _QUERY.fullmatch(message):
        fields = _DNS | _peer(found) | _question(found["name"], found["type"])
        fields |= {"event.action": "dns_query", "dns.type": "query", "dns.question.class": found["class"]}
        if (server := address(found["server"] or "")) is not None:
            fields["destination.ip"] = server
        return fields
    if found := _DENIED.fullmatch(message):
        fields = _DNS | _peer(found) | _question(found["name"], found["type"])
        action = "dns_" + found["what"].replace(" ", "_") + "_denied"
        return fields | {"event.action": action, "event.outcome": "failure", "event.reason": found["why"]}
    return None


def read_dnsmasq(message: str) -> Fields | None:
    """Return dnsmasq's question or answer."""
    found = _DNSMASQ.fullmatch(message.strip())
    if found is None:
        return None
    if found["name"]:
        fields = _DNS | _peer(found) | _question(found["name"], found["type"])
        return fields | {"event.action": "dns_query", "dns.type": "query"}
    fields = _DNS | _question(found["about"], None)
    fields |= {"event.action": "dns_answer", "dns.type": "answer", "dns.answers.data": [found["answer"]]}
    if (ip := address(found["answer"])) is not None:
        fields["dns.resolved_ip"] = [ip]
    return fields
