"""One open log file: yields its finished lines, and notices when its content is not the one it was."""

import os
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from collectors.reading import Reading
from collectors.tail.fingerprint import Fingerprint, Key, Place
from sentinel.event import MAX_RAW_CHARACTERS, Hint

BLOCK_BYTES = 256 * 1024
LONG_LINE_BYTES = 4 * MAX_RAW_CHARACTERS
"""So many bytes without a line break hold at least as many characters as an event may have."""


class TruncatedError(Exception):
    """The file no longer holds what was read from it: it was emptied or rewritten in place."""


@dataclass(frozen=True, slots=True)
class Source:
    """What is the same for all lines of an input."""

    dataset: str
    now: Callable[[], datetime]
    timezone: str = ""
    """Offset of times that name none; empty: UTC."""

    def hints(self) -> dict[str, Hint]:
        """Return what is true of every line."""
        return {"event.timezone": self.timezone} if self.timezone else {}


class Follower:
    """Reads on in one file through its descriptor, whatever its name becomes."""

    def __init__(self, source: Source, path: str, fingerprint: Fingerprint, *, is_skipping: bool = False) -> None:
        """Open `path` to go on after what `fingerprint` covers; raises OSError."""
        self.path = path
        self.real = os.path.realpath(path)
        """Name that rotation derives others from; stays when the file is renamed."""
        self.fingerprint = fingerprint
        self.is_rotated = False
        self.changed_at = 0.0
        """Monotonic time of the last growth, or of the rotation; kept by the input."""
        self._source = source
        self._is_skipping = is_skipping
        self._tail = b""
        self._descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        status = os.fstat(self._descriptor)
        self.key: Key = (status.st_dev, status.st_ino)
        self.modified_ns = status.st_mtime_ns
        """When the file was last written, as far as seen."""
        self._seen: tuple[int, int] | None = None
        self.size = fingerprint.offset

    @property
    def place(self) -> Place:
        """How far it was read."""
        return Place(
            path=self.path,
            real=self.real,
            key=self.key,
            fingerprint=self.fingerprint,
            size=self.size,
            is_rotated=self.is_rotated,
            is_skipping=self._is_skipping,
        )

    @property
    def has_unread(self) -> bool:
        """Whether bytes were seen that no reading has carried yet."""
        return self.size > self.fingerprint.offset

    def close(self) -> None:
        """Close the descriptor; safe to call twice."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
        self._descriptor = -1

    def look_again(self) -> None:
        """Correct `modified_ns` downwards: whoever renamed the file may have set its time back."""
        self.modified_ns = min(self.modified_ns, os.fstat(self._descriptor).st_mtime_ns)

    def to_end(self) -> None:
        """Pass over all finished lines, as a first start at the end does."""
        size = os.fstat(self._descriptor).st_size
        start = max(0, size - LONG_LINE_BYTES)
        last_break = os.pread(self._descriptor, size - start, start).rfind(b"\n")
        offset = start + last_break + 1 if last_break >= 0 else start
        self.fingerprint = self.fingerprint.moved(self._descriptor, offset)
        self.size = offset

    def holds(self, fingerprint: Fingerprint) -> bool:
        """Return whether this file begins with what `fingerprint` covers."""
        return fingerprint.offset > 0 and fingerprint.holds(self._descriptor)

    def read(self, limit: int) -> list[Reading]:
        """Return at most `limit` finished lines; raise `TruncatedError` when the content is another one now.

        An unfinished last line stays where it is until it is finished. Raises OSError.
        """
        status = os.fstat(self._descriptor)
        seen = (status.st_size, status.st_mtime_ns)
        if seen == self._seen:
            return []
        self.modified_ns = status.st_mtime_ns
        if status.st_size < self.fingerprint.offset or not self.fingerprint.holds(self._descriptor):
            raise TruncatedError
        data = os.pread(self._descriptor, BLOCK_BYTES, self.fingerprint.offset)
        if len(data) == BLOCK_BYTES and b"\n" not in data:
            data = os.pread(self._descriptor, LONG_LINE_BYTES, self.fingerprint.offset)
        # Emptied and written again while we read: what we hold may be of both, so none of it counts.
        if not self.fingerprint.holds(self._descriptor):
            raise TruncatedError
        overwritten = self._overwritten(data)
        readings, used = self._lines(data, limit)
        self._advance(used, data)
        at_end = self.fingerprint.offset + len(self._tail) >= status.st_size
        self._seen = seen if at_end else None
        return overwritten + readings

    def flush(self) -> list[Reading]:
        """Return the unfinished last line, if there is one, as a line of its own: nobody will finish it."""
        data = os.pread(self._descriptor, LONG_LINE_BYTES, self.fingerprint.offset)
        if not data:
            return []
        reading = self._reading(data, self.fingerprint.offset, is_cut=len(data) == LONG_LINE_BYTES)
        self._advance(len(data), data)
        return [] if reading is None else [reading]

    def begin_again(self) -> list[Reading]:
        """Go back to the start of an emptied file; return the unfinished line that was seen before, if any."""
        tail = self._reading(self._tail, self.fingerprint.offset) if self._tail else None
        self.fingerprint = Fingerprint()
        self._tail = b""
        self._is_skipping = False
        self._seen = None
        self.size = 0
        return [] if tail is None else [tail]

    def _advance(self, used: int, data: bytes) -> None:
        offset = self.fingerprint.offset + used
        if used:
            self.fingerprint = self.fingerprint.moved(self._descriptor, offset)
        rest = data[used:]
        self._tail = b"" if b"\n" in rest else rest
        self.size = offset + len(rest)

    def _overwritten(self, data: bytes) -> list[Reading]:
        """Return the unfinished line seen before when something else stands in its place now."""
        if self._tail.startswith(data[: len(self._tail)]) and len(data) >= min(len(self._tail), BLOCK_BYTES):
            return []
        reading = self._reading(self._tail, self.fingerprint.offset)
        return [] if reading is None else [reading]

    def _lines(self, data: bytes, limit: int) -> tuple[list[Reading], int]:
        """Return the readings in `data` and the number of bytes they used."""
        start = 0
        if self._is_skipping:
            end = data.find(b"\n")
            if end < 0:
                return [], len(data)
            self._is_skipping, start = False, end + 1
        lines = data[start:].split(b"\n", limit)
        lines.pop()
        if not lines and start == 0 and len(data) >= LONG_LINE_BYTES:
            if not data.strip(b"\0"):
                return [], len(data)
            self._is_skipping = True
            cut = self._reading(data, self.fingerprint.offset, is_cut=True)
            return [] if cut is None else [cut], len(data)
        base = self.fingerprint.offset
        path, dataset, seen_at, same = self.path, self._source.dataset, self._source.now(), self._source.hints()
        readings: list[Reading] = []
        for line in lines:
            if line and line != b"\r":
                raw = _text(line)
                hints = {"log.file.path": path, "log.offset": base + start, **same}
                readings.append(Reading(dataset, raw, seen_at, hints))
            start += len(line) + 1
        return readings, start

    def _reading(self, line: bytes, offset: int, *, is_cut: bool = False) -> Reading | None:
        raw = _text(line.rstrip(b"\n"))
        if not raw or (self._is_skipping and not is_cut):
            return None
        hints = {"log.file.path": self.path, "log.offset": offset, **self._source.hints()}
        if is_cut:
            hints["log.truncated"] = True
        return Reading(self._source.dataset, raw[:MAX_RAW_CHARACTERS], self._source.now(), hints)


def _text(line: bytes) -> str:
    """Return the line as text; a byte that is no UTF-8 becomes a lone surrogate, so that it can be got back."""
    if line.endswith(b"\r"):
        line = line[:-1]
    if line.startswith(b"\0"):
        # A writer that kept its position in an emptied file leaves a hole, which reads as zeros.
        line = line.lstrip(b"\0")
    return line.decode("utf-8", "surrogateescape")
