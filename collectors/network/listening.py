"""A live capture as a source of readings: what the sensor finds, and what was lost on the way."""

import logging
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

from collectors.network import sniff
from collectors.network.listener import Listener
from collectors.network.sensor import Sensor
from collectors.reading import GAP, Reading

log = logging.getLogger(__name__)

FRAMES_AT_ONCE = 2_000
GAP_SECONDS = 60.0
"""Lost frames are said at most this often."""


class LiveCapture:
    """Reads one interface; flows that go on when it is closed are not reported."""

    def __init__(self, interface: str, *, promiscuous: bool, clock: Callable[[], float] = time.monotonic) -> None:
        self._interface = interface
        self._promiscuous = promiscuous
        self._clock = clock
        self._listener: Listener | None = None
        self._sensor = Sensor(sniff.decode_dns, place=interface)
        self._waiting: deque[Reading] = deque()
        self._dropped_said = 0
        self._next_gap = 0.0

    def open(self, _cursor: str | None) -> None:
        """Begin to listen; there is no past to go back to, so a cursor is ignored."""
        self.close()
        self._sensor = Sensor(sniff.decode_dns, place=self._interface)
        self._dropped_said = 0
        listener = Listener(self._interface, promiscuous=self._promiscuous)
        listener.start()
        self._listener = listener

    def read(self, limit: int, wait_seconds: float) -> tuple[list[Reading], str]:
        """Return what was found; see `Input`. The cursor says nothing."""
        listener = self._listener
        if listener is None:
            return [], ""
        deadline = self._clock() + wait_seconds
        while not self._waiting:
            left = deadline - self._clock()
            if left <= 0:
                break
            self._look(listener, left)
        return [self._waiting.popleft() for _ in range(min(limit, len(self._waiting)))], ""

    def close(self) -> None:
        """Leave the interface; safe to call twice."""
        if self._listener is not None:
            self._listener.close()
            self._listener = None

    def inspect(self, _cursor: str | None) -> list[str]:
        """Return a sentence about the interface; raise `UnavailableError` when it cannot be listened to."""
        sniff.open_interface(self._interface, promiscuous=False).close()
        return [f"{self._interface}: flows, DNS and ARP of every packet that passes it"]

    def _look(self, listener: Listener, wait_seconds: float) -> None:
        frames = listener.take(FRAMES_AT_ONCE, wait_seconds)
        found = [observation for frame in frames for observation in self._sensor.see(frame)]
        if not frames:
            found = self._sensor.sweep(time.time_ns())
        now = datetime.now(UTC)
        self._waiting.extend(Reading(observation.dataset, observation.to_json(), now) for observation in found)
        lost = listener.dropped - self._dropped_said
        if lost and self._clock() >= self._next_gap:
            self._dropped_said += lost
            self._next_gap = self._clock() + GAP_SECONDS
            log.error("Frames were lost.", extra={"interface": self._interface, "frames": lost})
            self._waiting.append(Reading(GAP, f"interface {self._interface}: {lost} frames were lost", now))
