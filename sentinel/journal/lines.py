"""Lines of a journal in their order, each an entry only when it is looked at: most are only handed to a worker."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import overload

from sentinel.journal import Entry
from sentinel.journal.packing import Head, entry_of


@dataclass(frozen=True, slots=True)
class Run:
    """Lines of one stored batch that follow each other."""

    head: Head
    place: int
    """Of the first one in the journal."""
    number: int
    """Of the first one in its batch, from 0."""
    lines: Sequence[bytes]
    fault: str = ""
    """Why all of them are as good as lost; they are empty then."""

    def entry(self, place: int) -> Entry:
        """Return one of them, counted from 0, as an entry."""
        return entry_of(self.head, self.place + place, self.number + place, self.lines[place], self.fault)

    def cut(self, begin: int, end: int) -> "Run":
        """Return those from `begin` to before `end`."""
        return replace(self, place=self.place + begin, number=self.number + begin, lines=self.lines[begin:end])


class Lines(Sequence[Entry]):
    """Entries that have not been read yet; each is decoded whenever it is asked for."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self.runs = runs
        self._length = sum(len(run.lines) for run in runs)

    @overload
    def __getitem__(self, place: int) -> Entry: ...
    @overload
    def __getitem__(self, place: slice) -> "Lines": ...
    def __getitem__(self, place: int | slice) -> "Entry | Lines":
        """Return one entry, or some that follow each other."""
        if isinstance(place, slice):
            begin, end, step = place.indices(self._length)
            if step != 1:
                raise ValueError("lines are cut only where they follow each other")
            return Lines(list(self._cut(begin, end)))
        wanted = place + self._length if place < 0 else place
        for run in self.runs:
            if 0 <= wanted < len(run.lines):
                return run.entry(wanted)
            wanted -= len(run.lines)
        raise IndexError(place)

    def __iter__(self) -> Iterator[Entry]:
        """Yield the entries in order."""
        return (run.entry(place) for run in self.runs for place in range(len(run.lines)))

    def __len__(self) -> int:
        """Return how many there are."""
        return self._length

    def _cut(self, begin: int, end: int) -> Iterator[Run]:
        for run in self.runs:
            if begin < len(run.lines) and end > 0:
                yield run.cut(max(0, begin), min(end, len(run.lines)))
            begin, end = begin - len(run.lines), end - len(run.lines)
