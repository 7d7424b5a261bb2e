"""linux.connection: network connections of processes, as the operating system lists them."""

from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise.typed import read

NAMES = frozenset(
    {
        "@timestamp",
        "event.action",
        "event.kind",
        "event.type",
        "source.ip",
        "source.port",
        "destination.ip",
        "destination.port",
        "network.transport",
        "network.type",
        "network.direction",
        "network.community_id",
        "sentinel.connection.state",
        "process.pid",
        "process.name",
        "process.executable",
        "process.command_line",
        "process.entity_id",
        "user.name",
        "user.id",
    }
)
_REQUIRED = frozenset({"network.transport"})


def parse(event: Event) -> Fields | None:
    """Return the fields of one connection; raise `InputError` where they are not those of a connection."""
    fields = read(event.raw, NAMES, _REQUIRED, {"event.category": ["network"], "event.type": ["connection"]})
    if (direction := fields.get("network.direction")) in ("egress", "outbound", "ingress", "inbound"):
        fields["sentinel.connection.is_initiated"] = direction in ("egress", "outbound")
    return fields
