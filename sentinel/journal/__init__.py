"""Received batches wait here, durable, until they are in the store."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from sentinel.event import Event


@dataclass(frozen=True, slots=True)
class Entry:
    """A decoded event at its place, or a line that is none."""

    position: int
    """Place in the journal, counted in events from 0."""
    agency: str
    """Agency of the collector when it was received."""
    received_at: str
    event: Event
    fault: str = ""
    """Why the line could not be decoded; `event.raw` then holds the line as it came."""


@dataclass(frozen=True, slots=True)
class Batch:
    """What one request brought, not decoded yet."""

    collector: str
    agency: str
    epoch: str
    first: int
    """Sequence of the first line."""
    lines: Sequence[bytes]
    received_at: str
    packed: bytes = b""
    """The same lines as one zstd frame, as they came, where they came so: a journal need not pack them again."""


class Part(Protocol):
    """What can be read of a journal: one order of entries. A local journal is its own only part."""

    def read(self, position: int, limit: int) -> Sequence[Entry]:
        """Return at most `limit` entries from `position` on, fewer where they are long, in order; empty at the end.

        Positions grow from entry to entry, mostly by one; a reader goes on at the last one it has plus one.
        """
        ...

    def begin(self) -> int:
        """Return a position that no entry which is still there lies before."""
        ...

    def end(self) -> int:
        """Return a position after the last entry; 0 only while there has been none."""
        ...

    def identity(self) -> str:
        """Return what tells this log from a later one of the same name; empty where that cannot be, or is not known."""
        ...

    def waiting(self, position: int) -> int:
        """Return how much is there from `position` on: events, or batches where only those can be counted."""
        ...

    def trim(self, position: int) -> None:
        """Forget entries before `position`, now or later; sequences are remembered."""
        ...


class Journal(Protocol):
    """What every journal does; `tests/journal/test_journal.py` is the contract."""

    def last_sequence(self, collector: str, epoch: str) -> int:
        """Return the highest sequence received of that epoch, 0 for none."""
        ...

    def append(self, batch: Batch) -> int:
        """Keep the batch and advance the collector's sequence, durable on return; return the new last sequence.

        Lines received before are left out, so a repeated batch changes nothing. Raises `ConflictError` for a gap
        (naming the sequence expected) and `UnavailableError` when it cannot write, with nothing acknowledged.
        """
        ...

    def parts(self) -> Sequence[int]:
        """Return the numbers of the parts; all events of one collector are in one of them."""
        ...

    def part(self, number: int) -> Part:
        """Return a part, for one reader at a time."""
        ...

    def close(self) -> None:
        """Release files and connections."""
        ...
