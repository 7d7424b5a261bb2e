"""network.flow: what two machines said to each other, as the sensor adds it up."""

from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise.typed import read

NAMES = frozenset(
    {
        "@timestamp",
        "event.action",
        "event.start",
        "event.end",
        "event.duration",
        "event.type",
        "source.ip",
        "source.port",
        "source.mac",
        "source.bytes",
        "source.packets",
        "destination.ip",
        "destination.port",
        "destination.mac",
        "destination.bytes",
        "destination.packets",
        "network.transport",
        "network.type",
        "network.protocol",
        "network.direction",
        "network.bytes",
        "network.packets",
        "network.community_id",
        "network.vlan.id",
        "sentinel.flow.state",
        "sentinel.flow.tcp_flags",
        "observer.name",
        "observer.type",
        "observer.ingress.interface.name",
    }
)
_REQUIRED = frozenset({"source.ip", "destination.ip", "network.transport"})


def parse(event: Event) -> Fields | None:
    """Return the fields of one flow; raise `InputError` where they are not those of a flow."""
    fields = read(event.raw, NAMES, _REQUIRED, {"event.category": ["network"], "event.type": ["connection"]})
    if "@timestamp" not in fields and (start := fields.get("event.start")) is not None:
        fields["@timestamp"] = start
    return fields
