"""An IP address has passed to another machine after its holder fell silent: replaced hardware, a new lease."""

from collectors.network import arp
from collectors.network.observation import Observation
from collectors.network.packet import Packet


class ArpBindingChanged:
    """Reports peaceful changes; an address that is fought over is `arp_conflict`'s."""

    def __init__(self) -> None:
        self._holders = arp.Holders()

    def see(self, packet: Packet) -> Observation | None:
        """Return an event when an address has a new holder and the one before was silent for five minutes."""
        said = arp.claim(packet)
        before = None if said is None else self._holders.hear(said)
        if said is None or before is None or before.mac == said.mac:
            return None
        if said.at - before.at <= arp.CONFLICT_NANOSECONDS:
            return None
        return arp.event(packet, "arp_binding_changed", before.mac)
