"""dns.query: the query log of BIND or dnsmasq as the server writes it itself, without a syslog header."""

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise import stamps
from sentinel.normalise.messages import named


def parse(event: Event) -> Fields | None:
    """Return the fields of one line; raise `InputError` where it begins with no time."""
    moment, rest = stamps.leading(event)
    if moment is None:
        raise InputError("not a query log: expected '19-Oct-2022 05:34:02.425 client ...'")
    fields: Fields = {"@timestamp": moment, "message": rest, "event.provider": "named"}
    told = named.read(rest) or named.read_dnsmasq(rest)
    if told is not None:
        fields |= told
    return fields
