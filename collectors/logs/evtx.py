"""Input `evtx`: the records of Windows event log files, each once, as the JSON text of the `evtx` library."""

import glob
import json
import struct
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evtx import PyEvtxParser

from collectors.reading import GAP, Reading
from collectors.settings import EvtxSettings

if TYPE_CHECKING:
    from evtx import PyRecordsIterator

DATASET = "windows.evtx"
POLL_SECONDS = 1.0
MAX_FILES = 10_000
MAX_FAULTS = 1_000
"""A file with more broken places is left after so many."""
_HEADER_BYTES = 4096
_CHUNK_BYTES = 65_536


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(slots=True)
class _Progress:
    """How far one file was read."""

    looked: list[int]
    """Size and modification time (ns) of the file this is about."""
    index: int = 0
    """Records of the present pass that were returned, or said to be broken."""
    highest: int = 0
    """Highest record id returned."""
    passed: int = 0
    """Highest record id of all finished passes: a file that grew is read again, without those."""
    is_done: bool = False

    def to_json(self) -> list[object]:
        return [self.looked, self.index, self.highest, self.passed, self.is_done]


class EvtxInput:
    """Reads event log files of one path or glob; a broken record is said, and the rest goes on."""

    def __init__(
        self,
        settings: EvtxSettings,
        *,
        now: Callable[[], datetime] = _now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is opened yet."""
        self.name = settings.name
        self._pattern = settings.path
        self._now = now
        self._clock = clock
        self._progress: dict[str, _Progress] = {}
        self._readings: Iterator[Reading] = iter(())
        self._next_look = 0.0

    def open(self, cursor: str | None) -> None:
        """Start after what `cursor` stands for."""
        self._progress = _progress_of(cursor)
        self._readings = self._all()
        self._next_look = 0.0

    def read(self, limit: int, wait_seconds: float) -> tuple[list[Reading], str]:
        """Return records; see `Input`."""
        deadline = self._clock() + wait_seconds
        while True:
            readings = list(islice(self._readings, limit))
            left = deadline - self._clock()
            if readings or left <= 0:
                return readings, self._cursor()
            pause = self._next_look - self._clock()
            if pause > 0:
                time.sleep(min(pause, left))
            if self._clock() >= self._next_look:
                self._readings = self._all()

    def close(self) -> None:
        """Let go of the file that is being read."""
        self._readings = iter(())

    def inspect(self, cursor: str | None) -> list[str]:
        """Return one sentence per file."""
        progress = _progress_of(cursor)
        sentences = []
        for path in self._paths():
            known = progress.get(path)
            sentences.append(f"{path}: {'new' if known is None else f'read up to record {known.highest}'}")
        return sentences or [f"{self._pattern}: no file there yet; it is waited for"]

    def _paths(self) -> list[str]:
        return sorted(islice(glob.iglob(self._pattern, recursive=True), MAX_FILES))  # noqa: PTH207

    def _all(self) -> Iterator[Reading]:
        self._next_look = self._clock() + POLL_SECONDS
        for path in self._paths():
            try:
                status = Path(path).stat()
            except OSError:
                continue
            looked = [status.st_size, status.st_mtime_ns]
            progress = self._progress.get(path)
            if progress is None:
                progress = self._progress[path] = _Progress(looked)
            elif progress.looked != looked:
                _begin_again(progress, looked)
            if not progress.is_done:
                yield from self._file(path, progress)

    def _file(self, path: str, progress: _Progress) -> Iterator[Reading]:
        try:
            missing = _missing_bytes(path)
            records = iter(PyEvtxParser(path).records_json())
        except (OSError, RuntimeError) as error:
            progress.is_done = True
            yield self._gap(path, f"is no readable event log: {error}")
            return
        found = 0
        for index, record in enumerate(_records(records)):
            if index < progress.index:
                continue
            progress.index = index + 1
            if isinstance(record, str):
                yield self._gap(path, f"record at place {index + 1} cannot be read: {record}")
                continue
            number = int(record["event_record_id"])
            found = max(found, number)
            if number > progress.passed:
                progress.highest = max(progress.highest, number)
                yield Reading(DATASET, record["data"], self._now(), {"log.file.path": path})
        if 0 < found < progress.passed:
            # The log was cleared, and counts from 1 again.
            progress.index = progress.passed = progress.highest = 0
            return
        progress.is_done = True
        if missing > 0:
            yield self._gap(path, f"is cut off: {missing} bytes less than its header says")

    def _gap(self, path: str, fault: str) -> Reading:
        return Reading(GAP, f"{path} {fault}"[:1000], self._now(), {"log.file.path": path})

    def _cursor(self) -> str:
        return json.dumps({path: progress.to_json() for path, progress in self._progress.items()})


def _begin_again(progress: _Progress, looked: list[int]) -> None:
    progress.looked = looked
    progress.passed = progress.highest
    progress.index = 0
    progress.is_done = False


def _records(records: "PyRecordsIterator") -> Iterator[dict[str, Any] | str]:
    """Yield the records, and the fault of each that cannot be read."""
    faults = 0
    while faults < MAX_FAULTS:
        try:
            record = next(records)
        except StopIteration:
            return
        except (RuntimeError, OSError, ValueError) as error:
            faults += 1
            yield str(error)
        else:
            if record is None:
                return
            yield record


def _missing_bytes(path: str) -> int:
    """Return how much shorter the file is than its chunks ([MS-EVEN6] file header: count of chunks at byte 42)."""
    with Path(path).open("rb") as file:
        header = file.read(44)
        size = file.seek(0, 2)
    if len(header) < 44 or not header.startswith(b"ElfFile\0"):
        return 0
    return int(_HEADER_BYTES + _CHUNK_BYTES * struct.unpack_from("<H", header, 42)[0] - size)


def _progress_of(cursor: str | None) -> dict[str, _Progress]:
    try:
        document = json.loads(cursor or "{}")
        return {
            str(path): _Progress([int(n) for n in looked], int(index), int(highest), int(passed), bool(is_done))
            for path, (looked, index, highest, passed, is_done) in document.items()
        }
    except (ValueError, TypeError, AttributeError, RecursionError):
        # A damaged cursor: every record comes again rather than none.
        return {}
