"""Matches wait here until what is older has had its time to arrive; then they go on in order of event time."""

from collections.abc import Iterator
from heapq import heappop, heappush
from typing import NamedTuple

from sentinel.detect.correlate.contribution import Contribution, Key
from sentinel.detect.correlate.hit import Hit
from sentinel.model.record import Record

MAX_WAITING = 20_000
"""Beyond it those that wait longest go on early."""


class Waiting(NamedTuple):
    """A match with all that is needed to judge it later; sorts by event time, then by arrival."""

    added: Contribution
    key: Key
    hit: Hit
    record: Record


class Holdback:
    """Holds the matches of one correlation, group by group.

    A match is on time when the server received it no later than the lateness after any younger one of its group.
    All times are microseconds of the server's clock at receipt: no event moves it, and a group waits for nobody else.
    """

    def __init__(self, lateness: int) -> None:
        self._lateness = lateness
        self._groups: dict[Key, list[Waiting]] = {}
        self._due: list[tuple[int, Contribution, Key]] = []
        self.number = 0
        """Matches that wait."""
        self.hurried = 0
        """Matches that went on early because too many waited."""

    def put(self, waiting: Waiting) -> None:
        """Let a match wait."""
        heappush(self._groups.setdefault(waiting.key, []), waiting)
        heappush(self._due, (waiting.hit.received, waiting.added, waiting.key))
        self.number += 1

    def due(self, clock: int) -> Iterator[Waiting]:
        """Yield what has waited long enough, and what is older than that in the same group."""
        while self._due and clock - self._due[0][0] > self._lateness:
            yield from self._release()
        while self.number > MAX_WAITING:
            for each in self._release():
                self.hurried += 1
                yield each

    def rest(self) -> Iterator[Waiting]:
        """Yield all that waits."""
        while self._due:
            yield from self._release()

    def items(self) -> Iterator[Waiting]:
        """Yield all that waits, and let it wait on."""
        for group in self._groups.values():
            yield from group

    def _release(self) -> Iterator[Waiting]:
        _, last, key = heappop(self._due)
        group = self._groups.get(key)
        while group and group[0].added <= last:
            self.number -= 1
            yield heappop(group)
        if not group:
            self._groups.pop(key, None)
