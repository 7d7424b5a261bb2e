"""The sensor's pure core: frames in, events out; no socket, no file, no clock of its own."""

from collectors.network import link
from collectors.network.detectors import DETECTORS
from collectors.network.dns import Decode, DnsReader
from collectors.network.flows import MAX_FLOWS, FlowTable
from collectors.network.frame import Frame
from collectors.network.observation import Observation
from collectors.network.packet import parse


class Sensor:
    """Flows, DNS messages and detectors over one stream of frames."""

    def __init__(self, decode_dns: Decode, *, place: str, max_flows: int = MAX_FLOWS) -> None:
        """`place` names where the frames come from: an interface, or a capture file."""
        self._place = place
        self._flows = FlowTable(max_flows)
        self._dns = DnsReader(decode_dns)
        self._detectors = [make() for make in DETECTORS.values()]
        self.unknown_links = 0
        """Frames of a link type that is not known here."""

    def see(self, frame: Frame) -> list[Observation]:
        """Return the events that `frame` completes, and those that the time it brings does."""
        if not link.known(frame.link_type):
            self.unknown_links += 1
            return []
        packet = parse(frame.data, at=frame.at, length=frame.length, link_type=frame.link_type)
        found = self._flows.see(packet) + self._dns.see(packet)
        found += [event for detector in self._detectors if (event := detector.see(packet)) is not None]
        return self._signed(found)

    def sweep(self, now: int) -> list[Observation]:
        """Return the flows that are over or due at `now` (nanoseconds), when no frame has come to say the time."""
        return self._signed(self._flows.sweep(now))

    def finish(self) -> list[Observation]:
        """Return the flows that were still going on; the sensor is empty then."""
        return self._signed(self._flows.finish())

    @property
    def counts(self) -> dict[str, int]:
        """What could not be used, by reason."""
        return {
            "unknown_links": self.unknown_links,
            "unplaced_packets": self._flows.unplaced,
            "evicted_flows": self._flows.evicted,
            "unreadable_dns": self._dns.unreadable,
        }

    def _signed(self, found: list[Observation]) -> list[Observation]:
        for observation in found:
            observation.fields["observer.type"] = "sensor"
            observation.fields["observer.ingress.interface.name"] = self._place
        return found
