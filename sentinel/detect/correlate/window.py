"""Matches that wait for others in one group, in order of event time, and the window that slides over them."""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass

from sentinel.detect.correlate.condition import Condition
from sentinel.detect.correlate.contribution import Contribution
from sentinel.detect.correlate.measure import Measure, Ordered

MAX_IN_GROUP = 40_000
Sameness = Callable[[Contribution], object]


@dataclass(frozen=True, slots=True)
class Shape:
    """What all groups of one correlation have in common."""

    span: int
    """Length of the window in microseconds; both ends belong to it."""
    fresh: Callable[[], Measure]
    condition: Condition
    sameness: Sameness | None = None
    """Where two matches are the same to the correlation: the newer makes the older needless."""
    merges_runs: bool = False
    """Of matches of one rule with no other between them the newest will do."""


@dataclass(frozen=True, slots=True)
class Found:
    """A window that met the condition."""

    part: list[Contribution]
    """What made the match, oldest first: of an order nothing before its first rule."""
    measured: float


class Group:
    """What waits for one group-by value. Where it stands in the window is found again from what waits."""

    __slots__ = ("_alike", "_first", "_last", "_measure", "touched", "waiting")

    def __init__(self, touched: int = 0, waiting: list[Contribution] | None = None) -> None:
        self.waiting: list[Contribution] = waiting or []
        self.touched = touched
        """Time of the server at the last arrival, in microseconds: no event can claim another."""
        self._measure: Measure | None = None
        self._first = 0
        self._last = -1
        self._alike: dict[object, list[Contribution]] | None = None

    def take(self, added: Contribution, shape: Shape) -> tuple[Found | None, int]:
        """Take in a match; return the window it completes, which is used up, and how many others had to go for it.

        Windows end at a match, and hold `added`: one if nothing younger waits already, the earliest if more would do.
        """
        waiting = self.waiting
        # Twice the span: what comes late by less meets everything it would have met in time.
        if waiting and waiting[0].at < (oldest := added.at - 2 * shape.span):
            self._cut(bisect_left(waiting, (oldest,)), shape)
        dropped = 0
        if len(waiting) >= MAX_IN_GROUP:
            self._cut(1, shape)
            dropped = 1
        place = self._insert(added, shape)
        self._move_to(place, shape)
        measure = self._measure
        assert measure is not None
        while not shape.condition(measure):
            following = self._last + 1
            if following >= len(waiting) or waiting[following].at - shape.span > added.at:
                return None, dropped
            self._move_to(following, shape)
        return self._use_up(measure, shape), dropped

    def _insert(self, added: Contribution, shape: Shape) -> int:
        waiting = self.waiting
        if shape.sameness is not None:
            alike = self._alike_of(shape.sameness).setdefault(shape.sameness(added), [])
            older = bisect_left(alike, added)
            if older:
                self._take_out(bisect_left(waiting, alike[older - 1]))
                alike[older - 1] = added
            else:
                alike.insert(0, added)
        place = len(waiting) if not waiting or waiting[-1] < added else bisect_left(waiting, added)
        if shape.merges_runs and place and waiting[place - 1].rule == added.rule:
            place -= 1
            self._take_out(place)
        waiting.insert(place, added)
        if place < self._first:
            self._first += 1
            self._last += 1
        elif place <= self._last and self._measure is not None:
            self._measure.add(added)
            self._last += 1
        return place

    def _alike_of(self, sameness: Sameness) -> dict[object, list[Contribution]]:
        """Return what waits by what it is the same in, oldest first; mostly one each."""
        if self._alike is None:
            self._alike = {}
            for each in self.waiting:
                self._alike.setdefault(sameness(each), []).append(each)
        return self._alike

    def _move_to(self, place: int, shape: Shape) -> None:
        """Let the window end at `place`, by as many steps as that is away; all anew where it did not end near."""
        waiting, measure = self.waiting, self._measure
        if measure is None or place < self._first or place > self._last + 1:
            self._measure = measure = shape.fresh()
            self._first = self._last = place
            measure.add(waiting[place])
        elif place > self._last:
            measure.add(waiting[place])
            self._last = place
        for each in waiting[place + 1 : self._last + 1]:
            measure.remove(each)
        self._last = place
        self._fit(waiting[place].at - shape.span, measure)

    def _fit(self, start: int, measure: Measure) -> None:
        """Let the window begin at a time."""
        waiting, first = self.waiting, self._first
        while waiting[first].at < start:
            measure.remove(waiting[first])
            first += 1
        while first and waiting[first - 1].at >= start:
            first -= 1
            measure.add(waiting[first])
        self._first = first

    def _use_up(self, measure: Measure, shape: Shape) -> Found:
        begun, end = self._first, self._last + 1
        if isinstance(measure, Ordered):
            begun = bisect_left(self.waiting, measure.begin())
        found = Found(self.waiting[begun:end], measure.value())
        if begun == self._first:
            self._measure = shape.fresh()
        else:
            for each in found.part:
                measure.remove(each)
        self._unremember(found.part, shape)
        del self.waiting[begun:end]
        self._last = begun - 1
        return found

    def _cut(self, count: int, shape: Shape) -> None:
        """Forget the oldest."""
        if self._measure is not None:
            for each in self.waiting[self._first : min(count, self._last + 1)]:
                self._measure.remove(each)
        self._unremember(self.waiting[:count], shape)
        del self.waiting[:count]
        self._first = max(0, self._first - count)
        self._last = max(self._first - 1, self._last - count)

    def _take_out(self, place: int) -> None:
        each = self.waiting.pop(place)
        if place < self._first:
            self._first -= 1
        elif place <= self._last and self._measure is not None:
            self._measure.remove(each)
        if place <= self._last:
            self._last -= 1

    def _unremember(self, gone: list[Contribution], shape: Shape) -> None:
        if self._alike is None or shape.sameness is None:
            return
        for each in gone:
            same = shape.sameness(each)
            alike = self._alike[same]
            if len(alike) == 1:
                del self._alike[same]
            else:
                alike.remove(each)
