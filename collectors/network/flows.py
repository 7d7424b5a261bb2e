"""The table of flows: packets in, finished or due flows out; bounded in number, on the packets' own clock."""

import heapq
from collections import OrderedDict

from collectors.network import transport
from collectors.network.community_id import equivalent_ports
from collectors.network.flow import Flow
from collectors.network.observation import Observation
from collectors.network.packet import Packet, parse
from collectors.network.transport import ACK, SYN, TCP

MAX_FLOWS = 10_000
"""About 20 MB; the flow that was quiet for longest makes room for a new one, and is reported early."""
MAX_FRAGMENTS = 4_096

_UNREACHABLE = {transport.ICMP: 3, transport.ICMPV6: 1}
"""The ICMP type that says nobody listens; it quotes the packet it answers."""
_RAW_IP = 101
_WITH_PORTS = frozenset({transport.TCP, transport.UDP, transport.SCTP})

Key = tuple[object, ...]


class FlowTable:
    """Every flow that is going on."""

    def __init__(self, max_flows: int = MAX_FLOWS) -> None:
        self._max_flows = max_flows
        self._flows: OrderedDict[Key, Flow] = OrderedDict()
        self._due: list[tuple[int, int, Flow]] = []
        self._serial = 0
        self._now = 0
        self._fragments: OrderedDict[Key, tuple[int | None, int | None]] = OrderedDict()
        self.evicted = 0
        """Flows that were reported early to make room."""
        self.unplaced = 0
        """Packets that no flow could be found for: ports cut off, or a first fragment that was not seen."""

    def __len__(self) -> int:
        return len(self._flows)

    def see(self, packet: Packet) -> list[Observation]:
        """Count `packet` and return the flows that it, or the time it brings, has finished."""
        reports = self.sweep(packet.at)
        if packet.protocol < 0:
            return reports
        self._hear_refusal(packet)
        key = self._key(packet)
        if key is None:
            self.unplaced += 1
            return reports
        flow = self._flows.get(key)
        if flow is not None and flow.is_closed and _is_first(packet):
            reports.extend(self._remove(flow))
            flow = None
        if flow is None:
            reports.extend(self._make_room())
            flow = self._flows[key] = Flow(key, packet)
        flow.add(packet)
        self._flows.move_to_end(key)
        if not flow.scheduled or flow.deadline < flow.scheduled:
            self._schedule(flow)
        return reports

    def sweep(self, now: int) -> list[Observation]:
        """Return the flows that are over or due for a report at `now` (nanoseconds); time never runs backwards."""
        self._now = max(now, self._now)
        reports: list[Observation] = []
        while self._due and self._due[0][0] <= self._now:
            scheduled, _, flow = heapq.heappop(self._due)
            if self._flows.get(flow.key) is not flow or flow.scheduled != scheduled:
                continue
            if flow.deadline <= self._now:
                if flow.packets:
                    reports.append(flow.report())
                if flow.is_over(self._now):
                    del self._flows[flow.key]
                    continue
            self._schedule(flow)
        return reports

    def finish(self) -> list[Observation]:
        """Return all that is left, in the order it was last active; the table is empty then."""
        flows = [flow for flow in self._flows.values() if flow.packets]
        self._flows.clear()
        self._due.clear()
        return [flow.report() for flow in flows]

    def _key(self, packet: Packet) -> Key | None:
        """Return the same key for both directions; None where the ports are not known."""
        ports = self._ports(packet)
        if ports is None or (packet.protocol in _WITH_PORTS and ports[1] is None):
            return None
        first, second, is_one_way = equivalent_ports(packet.protocol, *ports)
        here, there = (packet.source, first), (packet.destination, second)
        if not is_one_way and (packet.source, first or 0) > (packet.destination, second or 0):
            here, there = there, here
        return packet.protocol, here, there

    def _ports(self, packet: Packet) -> tuple[int | None, int | None] | None:
        """Return the ports of `packet`; for a later fragment those of its first one, None if that was not seen."""
        ports = packet.source_port, packet.destination_port
        if packet.fragment is None:
            return ports
        whole = packet.source, packet.destination, packet.protocol, packet.fragment.identification
        if packet.fragment.offset:
            return self._fragments.get(whole)
        self._fragments[whole] = ports
        if len(self._fragments) > MAX_FRAGMENTS:
            self._fragments.popitem(last=False)
        return ports

    def _hear_refusal(self, packet: Packet) -> None:
        """Mark the flow that an ICMP message says is not wanted."""
        if packet.protocol not in _UNREACHABLE or packet.source_port != _UNREACHABLE[packet.protocol]:
            return
        quoted = parse(packet.payload, at=packet.at, length=len(packet.payload), link_type=_RAW_IP)
        if quoted.protocol < 0 or quoted.protocol in _UNREACHABLE:
            return
        key = self._key(quoted)
        flow = None if key is None else self._flows.get(key)
        if flow is not None and flow.state == "attempted":
            flow.reject()
            self._schedule(flow)

    def _make_room(self) -> list[Observation]:
        if len(self._flows) < self._max_flows:
            return []
        self.evicted += 1
        return self._remove(next(iter(self._flows.values())))

    def _remove(self, flow: Flow) -> list[Observation]:
        del self._flows[flow.key]
        return [flow.report()] if flow.packets else []

    def _schedule(self, flow: Flow) -> None:
        self._serial += 1
        flow.scheduled = flow.deadline
        heapq.heappush(self._due, (flow.scheduled, self._serial, flow))


def _is_first(packet: Packet) -> bool:
    return packet.protocol == TCP and packet.tcp_flags & (SYN | ACK) == SYN
