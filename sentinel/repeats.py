"""Finds events that a sender without sequences sent again: they must be neither judged nor counted twice."""

from collections import OrderedDict
from collections.abc import Callable, Sequence, Set

from sentinel.journal import Entry
from sentinel.model.record import Record

MAX_RECENT = 50_000
"""So many ids of stored events are known without asking the store."""


class Repeats:
    """Knows by their record ids which events with a key were stored before. One thread."""

    def __init__(self, known: Callable[[Sequence[str]], Set[str]]) -> None:
        """Ask `known` for those of some ids that the store holds."""
        self._known = known
        self._recent: OrderedDict[str, None] = OrderedDict()

    def fresh(self, entries: Sequence[Entry], records: Sequence[Record], doubt: int = 0) -> list[int]:
        """Return the places of those that are no repeats, in order; the first of equal ones is none.

        Events with a sequence are all fresh: the journal takes each once. `records` are those of the entries. What lies
        before position `doubt` may be in the store by a batch that was cut short, and was then not judged to its end.
        """
        keyed = {record.id for entry, record in zip(entries, records, strict=True) if entry.event.key}
        if not keyed:
            return list(range(len(entries)))
        seen = {each for each in keyed if each in self._recent}
        asked = {
            record.id
            for entry, record in zip(entries, records, strict=True)
            if entry.event.key and entry.position >= doubt
        }
        seen |= self._known(sorted(asked - seen))
        places = []
        for place, (entry, record) in enumerate(zip(entries, records, strict=True)):
            if entry.event.key:
                if record.id in seen:
                    continue
                seen.add(record.id)
            places.append(place)
        return places

    def remember(self, entries: Sequence[Entry], records: Sequence[Record]) -> None:
        """Take note of what is stored now, not before: what failed comes again and is no repeat."""
        for entry, record in zip(entries, records, strict=True):
            if entry.event.key:
                self._recent[record.id] = None
        while len(self._recent) > MAX_RECENT:
            self._recent.popitem(last=False)
