"""Remembers what follows from the names of a record alone: most records have the names of another."""

from collections.abc import Callable
from typing import Generic, TypeVar

MAX_SETS = 4_000
MAX_BYTES = 16_000_000
"""Sets of names remembered, and what their names take in memory, about: attackers choose names, and ever new ones."""
MAX_CHARACTERS = 8_000
"""Of the names of a set that is remembered."""
_NAME_BYTES = 64
"""What a name takes beside its characters."""
T = TypeVar("T")


class ByNames(Generic[T]):
    """Gives what a function of names gives; where there are too many of them, all are forgotten and found again."""

    def __init__(self, find: Callable[[tuple[str, ...]], T]) -> None:
        self._find = find
        self._known: dict[tuple[str, ...], T] = {}
        self._bytes = 0

    def __call__(self, names: tuple[str, ...]) -> T:
        """Return what follows from `names`, in this order."""
        known = self._known.get(names)
        if known is None:
            known = self._find(names)
            characters = sum(map(len, names))
            if characters <= MAX_CHARACTERS:
                if len(self._known) >= MAX_SETS or self._bytes >= MAX_BYTES:
                    self._known.clear()
                    self._bytes = 0
                self._known[names] = known
                self._bytes += characters + _NAME_BYTES * len(names)
        return known

    def __len__(self) -> int:
        """Return how many sets of names are remembered."""
        return len(self._known)
