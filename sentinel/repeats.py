"""Finds events that a sender without sequences sent again: they must be neither judged nor counted twice."""

from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence

from sentinel.journal import Entry
from sentinel.model.record import Record

MAX_RECENT = 50_000
"""So many ids of stored events are known without asking the store."""


class Repeats:
    """Knows by their record ids which events with a key were stored before. One thread."""

    def __init__(self, known: Callable[[Sequence[str]], Mapping[str, str]]) -> None:
        """Ask `known` for those of some ids that the store holds, and when each was received."""
        self._known = known
        self._recent: OrderedDict[str, None] = OrderedDict()

    def fresh(
        self, entries: Sequence[Entry], records: Sequence[Record], keyed: Sequence[int], doubt: int = 0
    ) -> list[int]:
        """Return the places of those that are no repeats, in order; the first of equal ones is none.

        Only events with a key may be repeats, those at the places `keyed`: the journal takes each with a sequence once.
        `records` are those of the entries. What lies before position `doubt` may be in the store by a batch that was
        cut short, and was then not judged to its end.
        """
        if not keyed:
            return list(range(len(entries)))
        ids = {place: records[place].id for place in keyed}
        seen = {each for each in ids.values() if each in self._recent}
        known = self._known(sorted(set(ids.values()) - seen))
        # Received when the entry was, it is the entry itself that is stored, not one before that it repeats.
        unsure = {
            each
            for place, each in ids.items()
            if entries[place].position < doubt and known.get(each) == entries[place].received_at
        }
        seen |= known.keys() - unsure
        places = []
        for place in range(len(entries)):
            if (identity := ids.get(place)) is not None:
                if identity in seen:
                    continue
                seen.add(identity)
            places.append(place)
        return places

    def remember(self, records: Iterable[Record]) -> None:
        """Take note of those with a key, stored now and not before: what failed comes again and is no repeat."""
        for record in records:
            self._recent[record.id] = None
        while len(self._recent) > MAX_RECENT:
            self._recent.popitem(last=False)
