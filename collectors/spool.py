"""Events wait here, on disk, until the server has acknowledged them."""

import logging
import sqlite3
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from collectors.chunk import Chunk, is_placeholder, line_of, pack, placeholder, seal
from collectors.reading import Reading
from collectors.spool_file import ROW_BYTES, SpoolFile
from collectors.spool_tables import new_epoch

log = logging.getLogger(__name__)

MAX_SET_ASIDE_BYTES = 32 << 20
# A damaged file may hold a value of another type than was written.
_CHUNKS = "SELECT first, count, crc, CAST(body AS BLOB) FROM chunks"


def _now() -> datetime:
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Batch:
    """The oldest lines the server does not have yet."""

    epoch: str
    first: int
    """Sequence of the first line."""
    lines: tuple[bytes, ...]

    @property
    def last(self) -> int:
        """Sequence of the last line."""
        return self.first + len(self.lines) - 1


@dataclass(frozen=True, slots=True, kw_only=True)
class SpoolState:
    """What the spool holds."""

    epoch: str
    last: int
    """Sequence of the newest line, 0 for none in this epoch."""
    events: int
    bytes: int
    limit_bytes: int
    oldest_at: str | None
    """When the oldest waiting event was read."""
    is_full: bool
    """Inputs wait for room; nothing is dropped."""
    lost: int
    """Lines that became placeholders because the disk damaged them."""
    refused: int
    """Lines that became placeholders because the server would not take them."""
    trouble: str
    """Why nothing can be written at the moment; empty when all is well."""


class Spool:
    """A bounded queue in one SQLite file; every method may be called from any thread.

    What a method has kept when it returns survives a power cut: WAL, `synchronous=FULL`. Sequences never have gaps: a
    damaged or refused line leaves a placeholder of dataset `sentinel.gap` in its place.
    """

    def __init__(self, folder: Path, *, limit_bytes: int, host: str, now: Callable[[], datetime] = _now) -> None:
        """Open the spool in `folder`; raise `UnavailableError` only when the disk refuses."""
        self._limit = limit_bytes
        self._host = host
        self._now = now
        self._is_full = False
        self.wake = threading.Event()
        """Set whenever there is something new to send."""
        self._file = SpoolFile(folder, host=host, now=now)

    @property
    def epoch(self) -> str:
        """Name of the present numbering."""
        return self._file.meta.epoch

    def close(self) -> None:
        """Close the file; what was kept stays."""
        self._file.close()

    def cursor(self, input_name: str) -> str | None:
        """Return where the input goes on, None for the first time."""
        with self._file.use() as database:
            row = database.execute("SELECT cursor FROM cursors WHERE input = ?", (input_name,)).fetchone()
        return None if row is None else str(row[0])

    def append(
        self, readings: Sequence[Reading], input_name: str, cursor: str, stop: threading.Event | None = None
    ) -> bool:
        """Keep `readings` and the cursor after them, both or neither; wait for room while the spool is full.

        Returns False, with nothing kept, when `stop` was set while waiting. Raises `UnavailableError` with nothing
        kept when the disk does not take it; trying again later is right.
        """
        chunks = list(pack(line_of(reading, self._host) for reading in readings))
        at = readings[0].seen_at.astimezone(UTC).isoformat() if readings else ""
        with self._file.changed:
            if not self._wait_for_room(sum(len(chunk.body) + ROW_BYTES for chunk in chunks), stop):
                return False
            with self._file.use() as database, self._file.transaction(database):
                self._file.insert(database, chunks, at)
                database.execute("INSERT OR REPLACE INTO cursors VALUES (?, ?)", (input_name, cursor))
        if chunks:
            self.wake.set()
        return True

    def batch(self, max_events: int, max_bytes: int) -> Batch | None:
        """Return the oldest waiting lines, at least one, or None when there is none; mends a damaged chunk first."""
        with self._file.use() as database:
            while (lines := self._collect(database, max_events, max_bytes)) is None:
                pass
            meta = self._file.meta
            return Batch(meta.epoch, meta.acknowledged + 1 - meta.base, tuple(lines)) if lines else None

    def acknowledge(self, epoch: str, last: int) -> None:
        """Forget what the server has, up to sequence `last`; ignored for another epoch."""
        with self._file.use() as database:
            meta = self._file.meta
            position = min(last + meta.base, meta.next - 1)
            if epoch != meta.epoch or position <= meta.acknowledged:
                return
            self._file.forget(database, position)
            self._file.changed.notify_all()

    def set_aside(self, epoch: str, sequence: int, reason: str) -> bool:
        """Put a placeholder in the place of a line the server refuses and keep the line in a table beside.

        Returns False when there is nothing to set aside: the line is a placeholder already, or is gone.
        """
        with self._file.use() as database:
            position = sequence + self._file.meta.base
            query = _CHUNKS + " WHERE first <= ? ORDER BY first DESC LIMIT 1"
            row = database.execute(query, (position,)).fetchone()
            if epoch != self._file.meta.epoch or row is None or position >= row[0] + row[1]:
                return False
            first, count, crc, body = row
            lines = Chunk(count, body, crc).lines()
            line = lines[position - first]
            if is_placeholder(line):
                return False
            lines[position - first] = placeholder(f"1 event set aside: {reason}", self._now(), self._host)
            with self._file.transaction(database) as meta:
                meta.refused += 1
                self._keep_aside(database, position, reason, line)
                self._replace(database, first, lines)
        log.error("The server refuses a line; it was set aside.", extra={"sequence": sequence, "reason": reason})
        return True

    def renew(self, reason: str) -> None:
        """Start a new epoch with what is waiting, because the server's numbering and ours do not meet."""
        with self._file.use() as database:
            with self._file.transaction(database) as meta:
                meta.epoch = new_epoch()
                meta.base = meta.acknowledged
            self._file.say(f"numbering started again: {reason}; events may be missing or sent twice")
        log.error("A new epoch was started.", extra={"reason": reason, "epoch": self.epoch})
        self.wake.set()

    def state(self) -> SpoolState:
        """Return what the spool holds."""
        with self._file.use() as database:
            row = database.execute("SELECT at FROM chunks ORDER BY first LIMIT 1").fetchone()
            meta = self._file.meta
            return SpoolState(
                epoch=meta.epoch,
                last=meta.next - 1 - meta.base,
                events=meta.next - 1 - meta.acknowledged,
                bytes=self._file.bytes,
                limit_bytes=self._limit,
                oldest_at=None if row is None else str(row[0]),
                is_full=self._is_full,
                lost=meta.lost,
                refused=meta.refused,
                trouble=self._file.trouble,
            )

    def _wait_for_room(self, size: int, stop: threading.Event | None) -> bool:
        file = self._file
        # Something larger than the whole spool is taken when nothing else waits; else it would never be.
        while size and file.bytes and file.bytes + size > self._limit:
            if not self._is_full:
                log.warning("The spool is full; inputs wait.", extra={"used": file.bytes, "limit": self._limit})
            self._is_full = True
            if stop is not None and stop.is_set():
                return False
            file.changed.wait(0.25)
        if size:
            self._is_full = False
        return True

    def _collect(self, database: sqlite3.Connection, max_events: int, max_bytes: int) -> list[bytes] | None:
        """Return the oldest lines, or None after mending a chunk, when it is time to look again."""
        lines: list[bytes] = []
        size = 0
        after = self._file.meta.acknowledged
        for first, count, crc, body in database.execute(_CHUNKS + " ORDER BY first"):
            chunk = Chunk(count, body, crc)
            if not chunk.is_sound():
                self._mend(database, first, chunk)
                return None
            for line in chunk.lines()[max(0, after + 1 - first) :]:
                if lines and (len(lines) >= max_events or size + len(line) >= max_bytes):
                    return lines
                lines.append(line)
                size += len(line) + 1
        return lines

    def _mend(self, database: sqlite3.Connection, first: int, chunk: Chunk) -> None:
        sentence = f"1 of {chunk.count} events lost: a chunk of the collector's spool was damaged on disk"
        lines = [placeholder(sentence, self._now(), self._host)] * chunk.count
        with self._file.transaction(database) as meta:
            meta.lost += chunk.count
            self._keep_aside(database, first, "damaged", chunk.body)
            self._replace(database, first, lines)
        log.error("A damaged chunk was set aside.", extra={"position": first, "events": chunk.count})

    def _replace(self, database: sqlite3.Connection, first: int, lines: list[bytes]) -> None:
        chunk = seal(lines)
        old = database.execute("SELECT length(body) FROM chunks WHERE first = ?", (first,)).fetchone()[0]
        self._file.bytes += len(chunk.body) - int(old)
        database.execute("UPDATE chunks SET crc = ?, body = ? WHERE first = ?", (chunk.crc, chunk.body, first))

    def _keep_aside(self, database: sqlite3.Connection, position: int, reason: str, body: bytes) -> None:
        values = (self._now().isoformat(), position, reason, body)
        database.execute("INSERT INTO set_aside (at, position, reason, body) VALUES (?, ?, ?, ?)", values)
        while database.execute("SELECT total(length(body)) FROM set_aside").fetchone()[0] > MAX_SET_ASIDE_BYTES:
            database.execute("DELETE FROM set_aside WHERE id = (SELECT min(id) FROM set_aside)")
