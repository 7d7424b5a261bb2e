"""Matches that wait to be correlated, by group, in order of event time, within bounds."""

from bisect import bisect_left, insort
from collections import OrderedDict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

MAX_GROUPS = 20_000
MAX_IN_GROUP = 10_000
MAX_HELD = 200_000
"""Contributions of one correlation over all its groups."""
MAX_RECORDS = 100
Key = tuple[str, ...]
"""Agency, then the group-by values."""


class Contribution(NamedTuple):
    """One match that counts towards a correlation; sorts by time, then by arrival."""

    at: int
    """Event time in microseconds."""
    order: int
    """Number of its arrival: tells apart what bears the same time."""
    rule: str
    records: tuple[str, ...]
    """Record of a plain rule, or all those behind a correlation."""
    value: tuple[str, ...]
    """What `value_*` looks at; empty for other kinds."""


@dataclass(slots=True)
class Group:
    """What waits for one group-by value."""

    waiting: list[Contribution] = field(default_factory=list)
    touched: int = 0
    """Time of the server at the last arrival, in microseconds: no event can claim another."""

    def windows(self, added: Contribution, span: int) -> Iterator[list[Contribution]]:
        """Yield every window that ends at a contribution and holds `added`: one, if nothing came out of order."""
        first = bisect_left(self.waiting, added)
        for end in range(first, len(self.waiting)):
            last = self.waiting[end].at
            if last - span > added.at:
                return
            start = bisect_left(self.waiting, last - span, key=_at)
            yield self.waiting[start : end + 1]


class Groups:
    """All groups of one correlation, the longest untouched first."""

    def __init__(
        self, span_seconds: int, needless: Callable[[Sequence[Contribution], Contribution], int | None]
    ) -> None:
        self._needless = needless
        self._span = span_seconds * 1_000_000
        self._groups: OrderedDict[Key, Group] = OrderedDict()
        self._held = 0
        self.evicted = 0
        """Contributions given up because memory is bounded."""

    def add(self, key: Key, added: Contribution, clock: int) -> Group:
        """Keep a contribution and return its group, rid of what can meet no window any more."""
        group = self._groups.setdefault(key, Group())
        self._groups.move_to_end(key)
        group.touched = clock
        self._forget_stale(group, added.at, min(added.at, clock or added.at))
        if (replaced := self._needless(group.waiting, added)) is not None:
            del group.waiting[replaced]
            self._held -= 1
        insort(group.waiting, added)
        self._held += 1
        if len(group.waiting) > MAX_IN_GROUP:
            self.evicted += self._drop(group, 1)
        while len(self._groups) > MAX_GROUPS or (self._held > MAX_HELD and len(self._groups) > 1):
            self.evicted += self._forget(next(iter(self._groups)))
        return group

    def consume(self, group: Group, window: Sequence[Contribution]) -> None:
        """Remove what has made a match: a record counts towards one match of a correlation."""
        gone = {each.order for each in window}
        before = len(group.waiting)
        group.waiting[:] = [each for each in group.waiting if each.order not in gone]
        self._held -= before - len(group.waiting)

    def expire(self, clock: int, lateness: int) -> None:
        """Forget groups that nothing has touched for a span and the lateness allowed."""
        oldest = clock - self._span - lateness
        while self._groups and next(iter(self._groups.values())).touched < oldest:
            self._forget(next(iter(self._groups)))

    def dump(self) -> list[Any]:
        """Return the groups as JSON values, empty ones left out."""
        return [
            [key, group.touched, [tuple(each) for each in group.waiting]]
            for key, group in self._groups.items()
            if group.waiting
        ]

    def load(self, dumped: list[Any]) -> None:
        """Take back what `dump` returned."""
        for key, touched, waiting in dumped:
            group = Group([_contribution(*each) for each in waiting], int(touched))
            self._groups[tuple(key)] = group
            self._held += len(group.waiting)

    def _forget_stale(self, group: Group, at: int, present: int) -> None:
        """Drop what can meet neither a match of the time `at` nor, where a wrong clock said that, of the `present`."""
        self._drop(group, bisect_left(group.waiting, present - 2 * self._span, key=_at))
        first = bisect_left(group.waiting, present + self._span, key=_at)
        last = max(first, bisect_left(group.waiting, at - 2 * self._span, key=_at))
        del group.waiting[first:last]
        self._held -= last - first

    def _drop(self, group: Group, count: int) -> int:
        del group.waiting[:count]
        self._held -= count
        return count

    def _forget(self, key: Key) -> int:
        gone = len(self._groups.pop(key).waiting)
        self._held -= gone
        return gone


def _at(contribution: Contribution) -> int:
    return contribution.at


def _contribution(at: int, order: int, rule: str, records: list[str], value: list[str]) -> Contribution:
    return Contribution(at, order, rule, tuple(records), tuple(value))
