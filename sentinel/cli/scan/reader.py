"""Reads the events of a task and judges them: the part of a scan that several processes can do at once."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from pathlib import Path

from sentinel.cli.guess import guess_json
from sentinel.cli.scan.tally import Tally
from sentinel.cli.scan.task import Task
from sentinel.cli.sources import WINDOWS, Source, UnknownSourceError, is_json_lines
from sentinel.detect.correlate.hit import Hit
from sentinel.detect.engine import Engine
from sentinel.errors import InputError, UnavailableError
from sentinel.event import Event
from sentinel.model.record import Record, Value
from sentinel.normalise import normalise
from sentinel.normalise.decode import json_object
from sentinel.sieve import Sieve

BATCH = 500


@dataclass(slots=True)
class Part:
    """What some events of a task showed."""

    records: list[Record] = field(default_factory=list)
    """Those on which a rule holds, in order."""
    hits: list[list[Hit]] = field(default_factory=list)
    tally: Tally = field(default_factory=Tally)
    is_last: bool = False
    """Whether this is the end of the task."""


class Reader:
    """Judges events with an engine's plain rules; correlations are for who has all of them in order."""

    def __init__(self, engine: Engine, dataset: str | None, seen_at: datetime) -> None:
        self._engine = engine
        self._dataset = dataset
        self._seen_at = seen_at
        is_windows = dataset is None or dataset.startswith("windows.")
        self._sift = Sieve(engine.router, self._interpret).sift if is_windows else None

    def read(self, task: Task) -> Iterator[Part]:
        """Yield what the events of a task show, some at a time; what is wrong with the file is in the last tally."""
        # Looked for beforehand in a whole file too: a line before the first event is taken as in a part.
        dataset = task.dataset or (self.dataset_of(task.path) if is_json_lines(task.path) else None)
        source = Source(task.path, self._dataset or dataset, self._seen_at, sift=self._sift)
        source.is_guessed = self._dataset is None and dataset is not None
        source.part(task.start, task.end, task.line)
        last = Tally()
        try:
            events = source.read()
            while batch := list(islice(events, BATCH)):
                yield self._judge(task, batch)
        except UnknownSourceError as error:
            if task.is_asked_for:
                last.unreadable.append(str(error))
            else:
                last.unknown.append(task.path)
            yield Part(tally=last, is_last=True)
            return
        except (UnavailableError, InputError) as error:
            last.unreadable.append(str(error))
        last.count(source, is_first=task.start == 0)
        yield Part(tally=last, is_last=True)

    def dataset_of(self, path: Path) -> str | None:
        """Return the dataset that the first event of a file settles; None where none does."""
        if self._dataset is not None:
            return self._dataset
        source = Source(path, None, self._seen_at)
        try:
            next(source.read(), None)
        except (UnavailableError, InputError):
            return None
        return source.dataset

    def keep(self) -> None:
        """Keep what was planned, for the next start and for other processes."""
        self._engine.shelf.save()

    def _judge(self, task: Task, batch: list[Event]) -> Part:
        part = Part()
        records: list[Record] = []
        for event in batch:
            record = normalise(event, agency=None, received_at=None)
            records.append(record)
            if record.fields["event.kind"] == "pipeline_error":
                part.tally.broken += 1
                part.tally.name(f"{task.path}:{event.sequence}: {record.fields.get('error.message', '')}")
            elif not self._engine.knows(str(record.fields["event.dataset"])):
                part.tally.unrouted += 1
        for record, hits in zip(records, self._engine.judge(records), strict=True):
            if hits:
                part.records.append(record)
                part.hits.append(hits)
        return part

    def _interpret(self, line: bytes) -> Mapping[str, Value] | None:
        """Return the fields of a line's record for the sieve; None where it is no event of Windows."""
        try:
            text = line.decode()
            if self._dataset is None and guess_json(json_object(text), "") != WINDOWS:
                return None
        except (ValueError, InputError):
            return None
        event = Event(
            collector="scan",
            epoch="",
            sequence=0,
            dataset=self._dataset or WINDOWS,
            host="",
            seen_at=self._seen_at,
            raw=text,
            hints={},
        )
        return normalise(event, agency=None, received_at=None).fields
