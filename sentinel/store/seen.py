"""Remembers which ids may be stored already: four bytes an id, in few sorted arrays, however many segments there are.

An id is asked for here first; only the few that may be known are looked for in the segments.
"""

from collections.abc import Callable, Collection

import pyarrow as pa
import pyarrow.compute as pc

from sentinel.store.segments import Hashes, contained

TIER_FACTOR = 4
"""An array is merged with the one before it until that is so many times as long."""
_DROPPED_BITS = 32


class Seen:
    """The halves of all hashes of ids in the segments of a store; for one thread at a time."""

    def __init__(self) -> None:
        self._tiers: list[Hashes] = []
        self._covered: set[int] = set()

    def suspects(self, wanted: Hashes) -> list[int]:
        """Return the hashes among `wanted` whose ids may be stored: all that are, and by chance a few others."""
        halves = _halves(wanted)
        known: set[int] = set()
        for tier in self._tiers:
            known.update(contained(tier, halves))
        if not known:
            return []
        pairs = zip(wanted.to_pylist(), halves.to_pylist(), strict=True)
        return [int(each) for each, half in pairs if each is not None and half in known]

    def cover(self, numbers: Collection[int], hashes: Callable[[int], Hashes]) -> None:
        """See to it that the segments are known, reading the sorted `hashes` of those that are not."""
        for number in numbers:
            if number not in self._covered:
                self._add(hashes(number))
                self._covered.add(number)
        if len(self._covered) > len(numbers):
            self._covered &= set(numbers)

    def replaced(self, old: Collection[int], new: Collection[int]) -> None:
        """Say that the ids of the segments `old`, and no others, lie in the segments `new` now."""
        if self._covered.issuperset(old):
            self._covered.update(new)

    def _add(self, hashes: Hashes) -> None:
        added = _halves(hashes)
        while self._tiers and len(self._tiers[-1]) < TIER_FACTOR * len(added):
            added = pa.concat_arrays([self._tiers.pop(), added]).sort()
        self._tiers.append(added)


def _halves(hashes: Hashes) -> Hashes:
    """Return the upper halves of hashes, in the same order, which stays sorted if it was."""
    found: Hashes = pc.shift_right(hashes, pa.scalar(_DROPPED_BITS, pa.uint64())).cast(pa.uint32())
    return found
