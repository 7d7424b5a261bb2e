"""The records of the file that is asked about, or of standard input."""

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType

from sentinel.cli.sources import Source
from sentinel.errors import InputError
from sentinel.model.moment import now
from sentinel.model.record import Record
from sentinel.normalise import normalise

MAX_RECORDS = 1_000_000
"""Looked at for one answer."""


class Events:
    """A file of events, read as often as needed; standard input is kept in a file of its own until the end."""

    def __init__(self, path: Path, dataset: str | None) -> None:
        self._dataset = dataset
        self._folder: tempfile.TemporaryDirectory[str] | None = None
        self.name = str(path)
        if self.name == "-":
            self._folder = tempfile.TemporaryDirectory()
            self.name = "standard input"
            path = Path(self._folder.name) / "standard-input"
            with path.open("wb") as kept:
                shutil.copyfileobj(sys.stdin.buffer, kept)
        self.path = path

    def __enter__(self) -> "Events":
        """Return itself."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Remove what was kept of standard input."""
        if self._folder is not None:
            self._folder.cleanup()

    def read(self) -> Iterator[tuple[int, Record]]:
        """Yield each record with its number, from 1; raise InputError where there are too many."""
        if not self.path.exists():
            raise InputError(f"{self.name}: there is no such file")
        if self.path.is_dir():
            raise InputError(f"{self.name} is a folder; name one file of events")
        source = Source(self.path, self._dataset, now())
        for count, event in enumerate(source.read(), start=1):
            if count > MAX_RECORDS:
                raise InputError(f"{self.name}: more than {MAX_RECORDS:,} records; give a part of it")
            yield event.sequence, normalise(event, agency=None, received_at=None)
        if source.events == 0:
            faults = f": {source.faults[0]}" if source.faults else ""
            raise InputError(f"{self.name} has no readable record{faults}")

    def record(self, number: int) -> Record:
        """Return one record; raise InputError where there is none of that number that can be read."""
        for sequence, record in self.read():
            if sequence == number:
                return record
            if sequence > number:
                break
        raise InputError(f"{self.name} has no readable record {number}")
