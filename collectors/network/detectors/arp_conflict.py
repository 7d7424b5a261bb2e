"""Two machines claim one IP address: ARP spoofing, or a wrongly set address."""

from collectors.network import arp
from collectors.network.observation import Observation
from collectors.network.packet import Packet
from collectors.network.recent import Recent

QUIET_NANOSECONDS = 60 * 1_000_000_000
"""The same two machines fighting over the same address are reported once in this time."""
MAX_FIGHTS = 4_096


class ArpConflict:
    """Reports an address that moves while its holder is still there."""

    def __init__(self) -> None:
        self._holders = arp.Holders()
        self._reported: Recent[tuple[bytes, frozenset[bytes]], int] = Recent(MAX_FIGHTS)

    def see(self, packet: Packet) -> Observation | None:
        """Return an event when an address is claimed that another machine claimed within five minutes."""
        said = arp.claim(packet)
        before = None if said is None else self._holders.hear(said)
        if said is None or before is None or before.mac == said.mac:
            return None
        if said.at - before.at > arp.CONFLICT_NANOSECONDS or arp.is_shared(said.mac) or arp.is_shared(before.mac):
            return None
        fight = said.ip, frozenset((said.mac, before.mac))
        last = self._reported.get(fight)
        if last is not None and said.at - last < QUIET_NANOSECONDS:
            return None
        self._reported.put(fight, said.at)
        return arp.event(packet, "arp_conflict", before.mac)
