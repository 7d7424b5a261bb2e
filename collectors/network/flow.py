"""One flow: what two endpoints said to each other, counted by direction, and how far their conversation came."""

from collectors.network import community_id, transport
from collectors.network.observation import Fields, Observation, time_text
from collectors.network.packet import Packet, address_text, mac_text
from collectors.network.transport import ACK, FIN, RST, SYN, TCP

SECOND = 1_000_000_000
CLOSED_SECONDS = 1
"""How long a closed conversation waits for its last packets."""
UNANSWERED_SECONDS = 5
TCP_SECONDS = 300
OTHER_SECONDS = 30
REPORT_SECONDS = 60
"""A conversation that goes on is reported this often, each time with what is new."""

_WITH_PORTS = frozenset({transport.TCP, transport.UDP, transport.SCTP})


class Flow:
    """A conversation in progress; the source is who began it, as far as the packets show."""

    __slots__ = (
        "_acknowledged", "_answered", "_closed", "_counts", "_fins", "_is_one_way", "_rejected", "_sizes", "_syn",
        "_syn_ack", "begins", "destination", "destination_mac", "destination_port", "ends", "flags", "key",
        "protocol", "scheduled", "source", "source_mac", "source_port", "vlan",
    )  # fmt: skip

    def __init__(self, key: tuple[object, ...], packet: Packet) -> None:
        self.key = key
        self.scheduled = 0
        """When the table means to look at it next; only the table uses it."""
        self.protocol = packet.protocol
        # A capture that begins between question and answer shows the answer first.
        turned = packet.protocol == TCP and packet.tcp_flags & (SYN | ACK) == SYN | ACK
        ends = (packet.source, packet.source_port, packet.source_mac)
        others = (packet.destination, packet.destination_port, packet.destination_mac)
        first, second = (others, ends) if turned else (ends, others)
        self.source, self.source_port, self.source_mac = first
        self.destination, self.destination_port, self.destination_mac = second
        self.vlan = packet.vlan
        self.flags = 0
        self._syn = self._syn_ack = self._acknowledged = self._answered = self._rejected = self._closed = False
        self._fins = [False, False]
        self._is_one_way = community_id.equivalent_ports(packet.protocol, first[1], second[1])[2]
        self.begins = self.ends = packet.at
        self._restart()

    def add(self, packet: Packet) -> None:
        """Count one more packet of this flow."""
        if not self.packets:
            self.begins = self.ends = packet.at
        way = self._way(packet)
        self._sizes[way] += packet.length
        self._counts[way] += 1
        self.begins = min(self.begins, packet.at)
        self.ends = max(self.ends, packet.at)
        self.flags |= packet.tcp_flags
        self._answered = self._answered or way == 1
        if self.protocol == TCP:
            self._follow(packet.tcp_flags, way)

    def reject(self) -> None:
        """Take note that the other side said, by ICMP, that it would not listen."""
        self._rejected = self._closed = True

    @property
    def is_closed(self) -> bool:
        """Whether both sides have said goodbye, or one has hung up."""
        return self._closed

    @property
    def packets(self) -> int:
        """Packets since the last report, both ways."""
        return self._counts[0] + self._counts[1]

    @property
    def state(self) -> str:
        """How far it came.

        `established`: both sides spoke (TCP: the handshake was completed); `rejected`: the other side refused;
        `attempted`: no answer, or a handshake that was never completed; `other`: seen only from its middle.
        """
        if self._rejected:
            return "rejected"
        if self.protocol == TCP:
            if self._acknowledged:
                return "established"
            return "attempted" if self._syn or self._syn_ack else "other"
        if self._answered:
            return "established"
        return "other" if self._is_one_way else "attempted"

    @property
    def deadline(self) -> int:
        """When to report it, if no packet comes before."""
        end = self.ends + self._patience() * SECOND
        return min(end, self.begins + REPORT_SECONDS * SECOND) if self.packets else end

    def is_over(self, now: int) -> bool:
        """Whether nothing more is expected at `now`; else it is only due for a report."""
        return now >= self.ends + self._patience() * SECOND

    def report(self) -> Observation:
        """Return what happened since the last report, and count from nothing again."""
        observation = Observation("network.flow", self.begins, self._fields())
        self._restart()
        return observation

    def _restart(self) -> None:
        self._sizes = [0, 0]
        self._counts = [0, 0]

    def _way(self, packet: Packet) -> int:
        """Return 0 for a packet of the source, 1 for one of the destination; later fragments have no ports."""
        if packet.source != self.source:
            return 1
        has_ports = self.protocol in _WITH_PORTS and packet.source_port is not None
        return int(has_ports and packet.source_port != self.source_port)

    def _patience(self) -> int:
        if self._closed:
            return CLOSED_SECONDS
        if self.state == "attempted":
            return UNANSWERED_SECONDS
        return TCP_SECONDS if self.protocol == TCP else OTHER_SECONDS

    def _follow(self, flags: int, way: int) -> None:
        """Follow the TCP handshake (RFC 9293 3.5) and both ways of ending it."""
        if flags & RST:
            # A refusal is a reset by the called side before it ever accepted.
            self._rejected = self._rejected or (way == 1 and self._syn and not self._syn_ack)
            self._closed = True
        elif flags & SYN:
            self._syn = self._syn or not flags & ACK
            self._syn_ack = self._syn_ack or bool(flags & ACK)
        elif flags & ACK and way == 0 and self._syn_ack:
            self._acknowledged = True
        if flags & FIN:
            self._fins[way] = True
            self._closed = self._closed or all(self._fins)

    def _fields(self) -> Fields:
        has_ports = self.protocol in _WITH_PORTS
        return {
            "event.start": time_text(self.begins),
            "event.end": time_text(self.ends),
            "event.duration": self.ends - self.begins,
            "source.ip": address_text(self.source),
            "source.port": self.source_port if has_ports else None,
            "source.mac": mac_text(self.source_mac),
            "source.bytes": self._sizes[0],
            "source.packets": self._counts[0],
            "destination.ip": address_text(self.destination),
            "destination.port": self.destination_port if has_ports else None,
            "destination.mac": mac_text(self.destination_mac),
            "destination.bytes": self._sizes[1],
            "destination.packets": self._counts[1],
            "network.transport": transport.NAMES.get(self.protocol, str(self.protocol)),
            "network.type": "ipv4" if len(self.source) == 4 else "ipv6",
            "network.bytes": sum(self._sizes),
            "network.packets": sum(self._counts),
            "network.community_id": community_id.community_id(
                self.protocol, self.source, self.destination, self.source_port, self.destination_port
            ),
            "network.vlan.id": None if self.vlan is None else str(self.vlan),
            "sentinel.flow.state": self.state,
            "sentinel.flow.tcp_flags": transport.flag_letters(self.flags) if self.protocol == TCP else None,
        }
