"""Starts a lane for each part that becomes ours, and stops it when the part goes to another process."""

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Protocol

from sentinel.model.moment import now, to_text

log = logging.getLogger(__name__)

STOP_SECONDS = 60.0
"""A lane that has not ended its batch by then is left behind; the mark keeps it from doing harm."""
Place = tuple[str, int]
"""A topic and a part of it."""


class Worker(Protocol):
    """What works in a lane: a pipeline, or who judges correlations."""

    @property
    def trouble(self) -> str:
        """Return why it stands still; empty while it does not."""
        ...

    @property
    def position(self) -> int:
        """Return where it is."""
        ...

    @property
    def statistics(self) -> Mapping[str, object]:
        """Return what it has done since the start."""
        ...

    def run(self, stop: threading.Event, wake: threading.Event, idle: Callable[[], object]) -> None:
        """Work until `stop` is set."""
        ...

    def close(self) -> None:
        """Let go of what it holds."""
        ...


class Lane:
    """A worker in a thread of its own."""

    def __init__(
        self, place: Place, worker: Worker, idle: Callable[[], object], release: Callable[[], None], offset_bits: int
    ) -> None:
        """Work on `place`; `idle` waits for more, `release` lets go of the reader.

        Positions are offsets followed by `offset_bits` of something else.
        """
        self.place = place
        self.worker = worker
        self.since = to_text(now())
        self._idle = idle
        self._release = release
        self._bits = offset_bits
        self._stop, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"lane-{place[0]}-{place[1]}", daemon=True)

    @property
    def offset(self) -> int:
        """Return the offset that it has come to."""
        return self.worker.position >> self._bits

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def ask_to_stop(self) -> None:
        """Let it end after its batch."""
        self._stop.set()
        self._wake.set()

    def join(self, seconds: float) -> bool:
        """Wait for the end; return whether it has ended."""
        self._thread.join(seconds)
        return not self._thread.is_alive()

    def _run(self) -> None:
        try:
            self.worker.run(self._stop, self._wake, self._idle)
        finally:
            self.worker.close()
            self._release()


class Lanes:
    """All lanes of this process; `gain` and `lose` are called by one thread, the rest by any."""

    def __init__(self, make: Callable[[Place], Lane]) -> None:
        self._make = make
        self._lock = threading.RLock()
        self._lanes: dict[Place, Lane] = {}

    def gain(self, places: Sequence[Place]) -> None:
        """Begin to work on some parts."""
        for place in places:
            with self._lock:
                if place not in self._lanes:
                    lane = self._lanes[place] = self._make(place)
                    lane.start()

    def lose(self, places: Sequence[Place]) -> None:
        """Stop working on some parts; return when nothing does, or does any harm."""
        with self._lock:
            going = [lane for place in places if (lane := self._lanes.pop(place, None)) is not None]
        for lane in going:
            lane.ask_to_stop()
        for lane in going:
            if not lane.join(STOP_SECONDS):
                log.warning(
                    "A part is given up before its batch has ended; whoever takes over goes on from the mark.",
                    extra={"topic": lane.place[0], "part": lane.place[1]},
                )

    def close(self) -> None:
        """Stop working on all."""
        self.lose(list(self._lanes))

    def present(self) -> Sequence[Lane]:
        """Return the lanes there are now."""
        with self._lock:
            return list(self._lanes.values())

    def progress(self) -> Mapping[Place, int]:
        """Return the offset that each part has come to."""
        return {lane.place: lane.offset for lane in self.present()}

    @property
    def trouble(self) -> str:
        """Return why a lane stands still; empty while none does."""
        return next((lane.worker.trouble for lane in self.present() if lane.worker.trouble), "")
