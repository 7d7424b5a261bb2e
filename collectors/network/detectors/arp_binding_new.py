"""An IP address is claimed for the first time: a machine has come to the LAN."""

from collectors.network import arp
from collectors.network.observation import Observation
from collectors.network.packet import Packet


class ArpBindingNew:
    """Reports every address once, until it is forgotten."""

    def __init__(self) -> None:
        self._holders = arp.Holders()

    def see(self, packet: Packet) -> Observation | None:
        """Return an event for the first claim of an address."""
        said = arp.claim(packet)
        if said is None or self._holders.hear(said) is not None:
            return None
        return arp.event(packet, "arp_binding_new")
