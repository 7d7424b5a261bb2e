"""network.arp: which hardware address claims which IP address, as the sensor sees it."""

from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise.typed import read

NAMES = frozenset(
    {
        "@timestamp",
        "event.action",
        "event.reason",
        "event.type",
        "source.ip",
        "source.mac",
        "destination.ip",
        "destination.mac",
        "network.type",
        "network.protocol",
        "sentinel.arp.operation",
        "sentinel.arp.sender_ip",
        "sentinel.arp.sender_mac",
        "sentinel.arp.target_ip",
        "sentinel.arp.target_mac",
        "sentinel.arp.previous_mac",
        "observer.name",
        "observer.type",
        "observer.ingress.interface.name",
    }
)
_REQUIRED = frozenset({"event.action"})


def parse(event: Event) -> Fields | None:
    """Return the fields of one claim; raise `InputError` where they are not those of ARP."""
    fixed: Fields = {"event.category": ["network"], "event.type": ["protocol", "info"], "network.type": "arp"}
    return read(event.raw, NAMES, _REQUIRED, fixed)
