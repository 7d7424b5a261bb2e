"""Every event the slow way: all its rules read item by item; and the index alone, without sieve, file or command."""

import multiprocessing
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from sentinel.cli.scan.reader import Reader
from sentinel.cli.scan.task import Task, count_lines, cut, whole
from sentinel.cli.sources import Source, UnknownSourceError, files_in
from sentinel.detect.engine import Engine
from sentinel.errors import InputError, UnavailableError
from sentinel.model.moment import now
from sentinel.model.record import Record
from sentinel.normalise import normalise

Hit = tuple[str, int, str]
"""File, record or line in it, and rule."""
_engines: list[Engine] = []
"""The engine that forked processes find here."""


@dataclass(slots=True)
class Scanned:
    """What some files show."""

    events: int = 0
    full: Counter[Hit] = field(default_factory=Counter)
    """By the full scan."""
    indexed: Counter[Hit] = field(default_factory=Counter)
    """By the index and what it remembers, record by record."""

    def join(self, other: "Scanned") -> None:
        """Take in what other files show."""
        self.events += other.events
        self.full.update(other.full)
        self.indexed.update(other.indexed)


def full_scan(engine: Engine, paths: Sequence[Path], processes: int = 1) -> Scanned:
    """Return what the plain rules of an engine find in files and folders."""
    tasks = cut(
        whole(files_in(paths), paths), lambda some: map(count_lines, some), Reader(engine, None, now()).dataset_of
    )
    found = Scanned()
    _engines[:] = [engine]
    if processes == 1:
        for task in tasks:
            found.join(_scanned(task))
        return found
    with multiprocessing.get_context("fork").Pool(processes) as pool:
        for each in pool.imap_unordered(_scanned, tasks):
            found.join(each)
    return found


def _scanned(task: Task) -> Scanned:
    (engine,) = _engines
    found = Scanned()
    for record in _records(task):
        found.events += 1
        place = (str(task.path), int(str(record.fields["event.sequence"])))
        for rule in engine.full_scan(record):
            found.full[(*place, rule)] += 1
        for hit in engine.judge([record])[0]:
            found.indexed[(*place, hit.rule)] += 1
    return found


def _records(task: Task) -> Iterator[Record]:
    """Yield the records of a task; what no scan can read is left out here too."""
    source = Source(task.path, task.dataset, now(), is_guessed=task.dataset is not None)
    source.part(task.start, task.end, task.line)
    try:
        for event in source.read():
            yield normalise(event, agency=None, received_at=None)
    except (UnknownSourceError, UnavailableError, InputError):
        return
