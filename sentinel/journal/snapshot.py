"""One moment of a local journal, for a copy that is made while events are received."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sentinel.database.moment_copy import Moment, moment


@dataclass(frozen=True, slots=True)
class JournalMoment:
    """What the journal held."""

    file: Moment
    begin: int
    """Position of the first event that was still there, or the end."""
    end: int


@contextmanager
def journal_moment(path: Path) -> Iterator[JournalMoment]:
    """Give the present moment of the journal in that file."""
    with moment(path) as file:
        ((end,),) = file.rows("SELECT value FROM state WHERE name = 'end'")
        ((first,),) = file.rows("SELECT min(position) FROM batches")
        yield JournalMoment(file, int(str(end if first is None else first)), int(str(end)))
