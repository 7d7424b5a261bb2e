"""Keeps received batches in one SQLite file: a batch and its collector's sequence are one synced transaction."""

import os
import sqlite3
import threading
import zlib
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path

from sentinel.database.files import explained, transaction
from sentinel.errors import SentinelError, UnavailableError
from sentinel.journal import Batch
from sentinel.journal.gap import SequenceGapError
from sentinel.journal.lines import Lines, Run
from sentinel.journal.packing import Head, packed, unpack

BUSY_TIMEOUT_SECONDS = 10
READ_BYTES = 16_000_000
"""A read ends after the batch that brings it here: a few thousand of the longest lines would fill the memory."""
WAL_KEEP_BYTES = 16_000_000

_SCHEMA = """
CREATE TABLE IF NOT EXISTS batches (
    position INTEGER PRIMARY KEY, count INTEGER NOT NULL, collector TEXT NOT NULL, agency TEXT NOT NULL,
    epoch TEXT NOT NULL, first INTEGER NOT NULL, received_at TEXT NOT NULL, body BLOB NOT NULL, crc INTEGER NOT NULL
);
CREATE TABLE IF NOT EXISTS sequences (
    collector TEXT NOT NULL, epoch TEXT NOT NULL, last INTEGER NOT NULL, PRIMARY KEY (collector, epoch)
) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT OR IGNORE INTO state VALUES ('end', 0);
"""
_Row = tuple[int, int, str, str, str, int, str, bytes, int]


@dataclass(slots=True)
class _Waiting:
    """A batch that some thread wants kept, and what became of it."""

    batch: Batch
    outcome: int | SentinelError | None = None
    """The new last sequence, or why it is not kept; None while that is open."""


class LocalJournal:
    """A journal in one file; safe for many threads, one process."""

    def __init__(self, path: Path, *, limit_bytes: int = 20_000_000_000) -> None:
        self._path = path
        self._limit_bytes = limit_bytes
        self._writing = threading.Lock()
        self._gathering = threading.Lock()
        self._waiting: list[_Waiting] = []
        self._reading = threading.Lock()
        self._unpacked: tuple[int, list[bytes]] | None = None
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            # SQLite gives -wal and -shm the mode of the main file.
            os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
            self._writer = self._open()
            self._writer.executescript(_SCHEMA)
            self._reader = self._open()
        except (OSError, sqlite3.Error) as error:
            raise UnavailableError(f"cannot open the journal {path}: {error}") from error

    def last_sequence(self, collector: str, epoch: str) -> int:
        """Return the highest sequence received of that epoch, 0 for none."""
        with self._reading, self._explained("read"):
            return _last(self._reader, collector, epoch)

    def append(self, batch: Batch) -> int:
        """Keep the batch and advance the sequence, synced to disk on return; return the new last sequence.

        Batches that arrive while others are written are written together, with one sync for all. Raises
        `SequenceGapError` for a gap and `UnavailableError` where the disk or the journal is full.
        """
        mine = _Waiting(batch)
        with self._gathering:
            self._waiting.append(mine)
        with self._writing:
            if mine.outcome is None:
                with self._gathering:
                    together, self._waiting = self._waiting, []
                self._keep(together)
        if isinstance(mine.outcome, int):
            return mine.outcome
        raise mine.outcome or UnavailableError(f"cannot write the journal {self._path}; send again")

    def _keep(self, together: "Sequence[_Waiting]") -> None:
        """Write batches in one transaction, each with its own outcome; where that fails, it is the outcome of all."""
        reason = f"cannot write the journal {self._path}; send again"
        try:
            with self._explained("write"), self._transaction():
                outcomes = [self._outcome(each.batch) for each in together]
            for each, outcome in zip(together, outcomes, strict=True):
                each.outcome = outcome
        except UnavailableError as error:
            reason = str(error)
        finally:
            # Whatever happened: nobody may take for kept what was not.
            for each in together:
                each.outcome = UnavailableError(reason) if each.outcome is None else each.outcome

    def _outcome(self, batch: Batch) -> int | SentinelError:
        """Return the new last sequence, or what speaks against the batch, of which nothing is written then."""
        try:
            return self._put(batch)
        except SentinelError as error:
            return error

    def _put(self, batch: Batch) -> int:
        last = _last(self._writer, batch.collector, batch.epoch)
        if batch.first > last + 1:
            raise SequenceGapError(batch.collector, batch.epoch, expected=last + 1, first=batch.first)
        known = last + 1 - batch.first
        if known >= len(batch.lines):
            return last
        body = packed(batch, known)
        self._check_room(len(body))
        self._insert(batch, last + 1, len(batch.lines) - known, body)
        return last + len(batch.lines) - known

    def read(self, position: int, limit: int) -> Lines:
        """Return at most `limit` entries from `position` on, fewer where they are long.

        What is damaged on disk comes as entries with a fault.
        """
        runs: list[Run] = []
        count = size = 0
        with self._reading, self._explained("read"):
            while count < limit and size < READ_BYTES and (row := self._row(position)) is not None:
                run = self._run(row, max(position, row[0]), limit - count)
                runs.append(run)
                count += len(run.lines)
                size += sum(map(len, run.lines))
                position = run.place + len(run.lines)
        return Lines(runs)

    def parts(self) -> Sequence[int]:
        """Return the number of the only part."""
        return (0,)

    def part(self, number: int) -> "LocalJournal":
        """Return the journal itself."""
        del number
        return self

    def begin(self) -> int:
        """Return the position of the first entry, or the end where there is none."""
        with self._reading, self._explained("read"):
            row = self._reader.execute("SELECT min(position) FROM batches").fetchone()
        return self.end() if row[0] is None else int(row[0])

    def end(self) -> int:
        """Return the position after the last entry."""
        with self._reading, self._explained("read"):
            return int(self._reader.execute("SELECT value FROM state WHERE name = 'end'").fetchone()[0])

    def identity(self) -> str:
        """Return nothing: the file is replaced only by a restore, and is younger than the store then."""
        return ""

    def waiting(self, position: int) -> int:
        """Return how many events are there from `position` on."""
        return max(0, self.end() - position)

    def trim(self, position: int) -> None:
        """Forget the batches that end at or before `position`; sequences are remembered."""
        with self._writing, self._explained("trim"), self._transaction():
            self._writer.execute("DELETE FROM batches WHERE position + count <= ? AND position < ?", (position,) * 2)

    def used_bytes(self) -> int:
        """Return how many bytes the waiting batches take on disk."""
        with self._reading, self._explained("read"):
            return _used(self._reader)

    def close(self) -> None:
        """Release the file."""
        with self._writing, self._reading:
            self._writer.close()
            self._reader.close()

    def _open(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self._path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
        )
        for pragma in ("journal_mode=WAL", "synchronous=FULL", f"journal_size_limit={WAL_KEEP_BYTES}"):
            connection.execute(f"PRAGMA {pragma}")
        return connection

    def _explained(self, doing: str) -> AbstractContextManager[None]:
        return explained(doing, "journal", self._path)

    def _transaction(self) -> AbstractContextManager[None]:
        return transaction(self._writer)

    def _check_room(self, more: int) -> None:
        if (used := _used(self._writer)) + more > self._limit_bytes:
            raise UnavailableError(
                f"the journal {self._path} is full ({used} of {self._limit_bytes} bytes); "
                "it takes events again when the pipeline has caught up"
            )

    def _insert(self, batch: Batch, first: int, count: int, body: bytes) -> None:
        write = self._writer.execute
        end = int(write("SELECT value FROM state WHERE name = 'end'").fetchone()[0])
        write(
            "INSERT INTO batches VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (end, count, batch.collector, batch.agency, batch.epoch, first, batch.received_at, body, zlib.crc32(body)),
        )
        write("UPDATE state SET value = ? WHERE name = 'end'", (end + count,))
        write(
            "INSERT INTO sequences VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET last = excluded.last",
            (batch.collector, batch.epoch, first + count - 1),
        )

    def _row(self, position: int) -> _Row | None:
        """Return the batch that holds `position`, or the first one after it."""
        row: _Row | None = self._reader.execute(
            "SELECT * FROM batches WHERE position <= ? ORDER BY position DESC LIMIT 1", (position,)
        ).fetchone()
        if row is None or row[0] + row[1] <= position:
            # Not only what lies behind: the batch at `position` itself may have come since the first look.
            row = self._reader.execute(
                "SELECT * FROM batches WHERE position >= ? ORDER BY position LIMIT 1", (position,)
            ).fetchone()
        return row

    def _run(self, row: _Row, position: int, limit: int) -> Run:
        """Return at most `limit` lines of a batch, from `position` on."""
        start, count, collector, agency, epoch, first, received_at, _, _ = row
        head = Head(collector, agency, epoch, first, received_at)
        begin, end = position - start, min(count, position - start + limit)
        lines = self._lines(row)
        if lines is None:
            fault = f"the batch at journal position {start} is damaged on disk"
            return Run(head, position, begin, [b""] * (end - begin), fault)
        return Run(head, position, begin, lines[begin:end])

    def _lines(self, row: _Row) -> list[bytes] | None:
        """Return the lines of a batch, None where they are damaged; the last batch is remembered for the next read."""
        if self._unpacked is None or self._unpacked[0] != row[0]:
            lines = unpack(row[7], row[8])
            if lines is None or len(lines) != row[1]:
                return None
            self._unpacked = (row[0], lines)
        return self._unpacked[1]


def _used(connection: sqlite3.Connection) -> int:
    pages, free, size = (
        int(connection.execute(f"PRAGMA {name}").fetchone()[0])
        for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def _last(connection: sqlite3.Connection, collector: str, epoch: str) -> int:
    row = connection.execute(
        "SELECT last FROM sequences WHERE collector = ? AND epoch = ?", (collector, epoch)
    ).fetchone()
    return int(row[0]) if row else 0
