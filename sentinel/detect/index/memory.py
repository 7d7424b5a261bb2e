"""What all slots and partitions of a rule set remember together stays within bounds."""

from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")

MAX_BYTES = 48_000_000
"""Estimated, in one process; a long run over ever new values would otherwise fill the memory slot by slot. Three times
as much was not measurably faster on the events of a city: most values that come again come again soon."""
ENTRY_BYTES = 200
"""What a small text, its bits and its place in a dictionary take, besides their lengths."""


class Memory:
    """Counts what is remembered; when it is too much, everybody forgets, and learns again what still comes."""

    def __init__(self, limit: int = MAX_BYTES) -> None:
        self.used = 0
        """Bytes, estimated."""
        self._limit = limit
        self._forget: list[Callable[[], None]] = []
        self._shared: dict[tuple[type, bytes], object] = {}

    def join(self, forget: Callable[[], None]) -> None:
        """Let `forget` be called when there is too much."""
        self._forget.append(forget)

    def share(self, name: bytes, own: T) -> T:
        """Return who came first of this type and name: `own`, or another that does the same."""
        first = self._shared.setdefault((type(own), name), own)
        return first if isinstance(first, type(own)) else own

    def take(self, length: int, bits: int) -> int:
        """Count an entry about to be kept: so many characters, and bits; return its size."""
        size = ENTRY_BYTES + length + bits.bit_length() // 8
        if self.used + size > self._limit:
            for forget in self._forget:
                forget()
            self.used = 0
        self.used += size
        return size
