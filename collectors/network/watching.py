"""Capture files as a source of readings: each file of a path, folder or glob once, as it is finished.

Exactly once, also when killed in the middle: the sensor answers the same to the same frames, so after a restart a
file is read again from where it was begun, and as many events as were already handed on are left out.
"""

import glob
import hashlib
import json
import logging
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import islice
from pathlib import Path

from collectors.network import sniff
from collectors.network.observation import Observation
from collectors.network.sensor import Sensor
from collectors.reading import GAP, Reading
from sentinel.errors import InputError, UnavailableError

log = logging.getLogger(__name__)

POLL_SECONDS = 0.5
SETTLE_SECONDS = 1.0
"""A file is begun when nothing was written to it for this long; renaming a finished one into place is surest."""
MAX_FILES = 10_000
FRAMES_AT_ONCE = 20_000
"""Frames of one file between two looks at the clock."""
_END = object()
_UNFINISHED = (".part", ".tmp", ".partial")
_IDENTITY_BYTES = 64
"""The head of the file and of its first frame."""


@dataclass(slots=True)
class _Progress:
    """How far one file was read."""

    size: int = 0
    """Bytes it had when the present pass began."""
    skip: int = 0
    """Frames of earlier passes: a file that grew is read on behind them."""
    frames: int = 0
    """Frames of all passes, known when a pass ends."""
    sent: int = 0
    """Events of the present pass that were handed on."""
    is_done: bool = False


class WatchedCaptures:
    """Reads the capture files of one pattern in the order of their last change."""

    def __init__(self, pattern: str, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._pattern = f"{pattern}/*" if Path(pattern).is_dir() else pattern
        self._clock = clock
        self._files: dict[str, _Progress] = {}
        self._readings: Iterator[Reading | None] = iter(())
        self._is_at_end = True
        self._next_look = 0.0

    def open(self, cursor: str | None) -> None:
        """Start after what `cursor` stands for."""
        self._files = _files_of(cursor)
        self._readings, self._is_at_end = iter(()), True
        self._next_look = 0.0

    def read(self, limit: int, wait_seconds: float) -> tuple[list[Reading], str]:
        """Return events; see `Input`."""
        deadline = self._clock() + wait_seconds
        readings: list[Reading] = []
        while not readings:
            self._take(readings, limit, deadline)
            left = deadline - self._clock()
            if left <= 0:
                break
            if self._is_at_end and not readings:
                time.sleep(max(0.0, min(self._next_look - self._clock(), left)))
        return readings, self._cursor()

    def close(self) -> None:
        """Let go of the file that is being read; safe to call twice."""
        self._readings, self._is_at_end = iter(()), True

    def inspect(self, cursor: str | None) -> list[str]:
        """Return one sentence per file."""
        files = _files_of(cursor)
        sentences = [
            f"{path}: {'read' if (known := files.get(identity)) and known.is_done else 'not read yet'}"
            for path, identity, _ in self._candidates()
        ]
        return sentences or [f"{self._pattern}: no capture file there yet; it is waited for"]

    def _take(self, readings: list[Reading], limit: int, deadline: float) -> None:
        """Add to `readings` what is there, until there are `limit` or a long stretch of frames brought nothing."""
        if self._is_at_end:
            if self._clock() < self._next_look:
                return
            self._next_look = self._clock() + POLL_SECONDS
            self._readings, self._is_at_end = self._all(), False
        while len(readings) < limit:
            reading = next(self._readings, _END)
            if isinstance(reading, Reading):
                readings.append(reading)
            elif reading is _END:
                self._is_at_end = True
                return
            elif readings or self._clock() >= deadline:
                return

    def _cursor(self) -> str:
        return json.dumps({identity: asdict(progress) for identity, progress in self._files.items()})

    def _candidates(self) -> list[tuple[Path, str, int]]:
        """Return path, identity and size of the files that are finished, oldest first."""
        found = []
        for name in islice(glob.iglob(self._pattern, recursive=True), MAX_FILES):  # noqa: PTH207
            path = Path(name)
            if path.name.startswith(".") or path.name.endswith(_UNFINISHED):
                continue
            try:
                status = path.stat()
                if path.is_file() and status.st_size and abs(time.time() - status.st_mtime) >= SETTLE_SECONDS:
                    found.append((status.st_mtime_ns, path, _identity(path, status.st_ino), status.st_size))
            except OSError:
                continue
        return [(path, identity, size) for _, path, identity, size in sorted(found)]

    def _all(self) -> Iterator[Reading | None]:
        candidates = self._candidates()
        here = {identity for _, identity, _ in candidates}
        self._files = {identity: progress for identity, progress in self._files.items() if identity in here}
        for path, identity, size in candidates:
            progress = self._files.setdefault(identity, _Progress(size))
            if progress.is_done and size > progress.size:
                progress.size, progress.skip, progress.sent, progress.is_done = size, progress.frames, 0, False
            if not progress.is_done:
                yield from self._file(path, progress)

    def _file(self, path: Path, progress: _Progress) -> Iterator[Reading | None]:
        """Yield what is still to be handed on of one file; None now and then, so that the clock is looked at."""
        before = progress.sent
        hints = {"log.file.path": str(path)}
        try:
            for event in _events(path, progress):
                if event is None:
                    yield None
                elif before:
                    before -= 1
                else:
                    progress.sent += 1
                    yield Reading(event.dataset, event.to_json(), datetime.now(UTC), hints)
            progress.is_done = True
        except (InputError, UnavailableError) as error:
            progress.is_done = True
            log.warning("A capture file is broken.", extra={"path": str(path), "fault": str(error)})
            yield Reading(GAP, str(error), datetime.now(UTC), hints)


def _events(path: Path, progress: _Progress) -> Iterator[Observation | None]:
    """Yield the events of the present pass over a file; what was readable of a broken one comes before the error."""
    sensor = Sensor(sniff.decode_dns, place=path.name)
    fault: InputError | None = None
    try:
        for number, frame in enumerate(sniff.read_capture(path), start=1):
            progress.frames = max(progress.frames, number)
            if number > progress.skip:
                yield from sensor.see(frame)
            if number % FRAMES_AT_ONCE == 0:
                yield None
    except InputError as error:
        fault = error
    yield from sensor.finish()
    if fault is not None:
        raise fault


def _identity(path: Path, inode: int) -> str:
    """Return what tells a file from all others, also when it is renamed or grows: its place, and how it begins."""
    try:
        with path.open("rb") as file:
            head = file.read(_IDENTITY_BYTES)
    except OSError:
        # It is listed all the same: reading it will say why it cannot be read.
        return f"{inode}:"
    return f"{inode}:{hashlib.sha256(head).hexdigest()[:16]}"


def _files_of(cursor: str | None) -> dict[str, _Progress]:
    try:
        return {identity: _Progress(**progress) for identity, progress in json.loads(cursor or "{}").items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise UnavailableError(f"the cursor of a capture input is damaged: {error}") from error
