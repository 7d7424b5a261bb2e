"""A machine announces its address unasked: it has just come up, taken over, or wants to be believed."""

from collectors.network import arp
from collectors.network.observation import Observation
from collectors.network.packet import Packet
from collectors.network.recent import Recent

QUIET_NANOSECONDS = 60 * 1_000_000_000
"""One machine announcing one address is reported once in this time."""


class ArpGratuitous:
    """Reports announcements (RFC 5227 3), as requests or replies."""

    def __init__(self) -> None:
        self._reported: Recent[tuple[bytes, bytes], int] = Recent(arp.MAX_ADDRESSES)

    def see(self, packet: Packet) -> Observation | None:
        """Return an event when somebody announces its own address."""
        said = arp.claim(packet)
        if said is None or not said.is_gratuitous:
            return None
        last = self._reported.get((said.ip, said.mac))
        if last is not None and said.at - last < QUIET_NANOSECONDS:
            return None
        self._reported.put((said.ip, said.mac), said.at)
        return arp.event(packet, "arp_gratuitous")
