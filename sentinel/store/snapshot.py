"""One moment of the embedded store: its manifest, and the files that count in it, which never change."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sentinel.database.moment_copy import Moment, moment
from sentinel.store.segments import Segments

MANIFEST = "manifest.db"


@dataclass(frozen=True, slots=True)
class StoreMoment:
    """What the store held."""

    file: Moment
    mark: int
    digests: Mapping[Path, str]
    """Files that count, with the SHA-256 they had when written; they stay for minutes after they were merged away."""
    events: int


@contextmanager
def store_moment(folder: Path) -> Iterator[StoreMoment]:
    """Give the present moment of the store in that folder."""
    segments = Segments(folder)
    with moment(folder / MANIFEST) as file:
        marks = [int(str(position)) for (position,) in file.rows("SELECT position FROM marks WHERE partition = 0")]
        digests: dict[Path, str] = {}
        events = 0
        for number, rows, *written in file.rows("SELECT number, rows, digest, ids_digest FROM segments"):
            digests |= zip(segments.files(int(str(number))), map(str, written), strict=True)
            events += int(str(rows))
        yield StoreMoment(file, marks[0] if marks else 0, digests, events)
