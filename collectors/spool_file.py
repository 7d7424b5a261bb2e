"""The spool's file at work: transactions, damage, and the room kept free for a full disk."""

import contextlib
import logging
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from pathlib import Path

from collectors import spool_tables as tables
from collectors.chunk import CHUNK_LINES, Chunk, placeholder, seal
from collectors.spool_tables import DamagedError, Meta
from sentinel.errors import UnavailableError

log = logging.getLogger(__name__)

RESERVE_BYTES = 4 << 20
"""Kept free for the moment the disk is full: forgetting what was sent needs some room too."""
MAX_HOLE_LINES = 1_000_000
VACUUM_PAGES = 1024
ROW_BYTES = 64
"""What a chunk costs beside its body, about."""


class SpoolFile:
    """The database, where it stands, and its repair; every use is under one lock.

    A hole in the numbering is filled with placeholders. A damaged file is moved aside and what is readable of it goes
    on in a new epoch, so that the collector always starts.
    """

    def __init__(self, folder: Path, *, host: str, now: Callable[[], datetime]) -> None:
        """Open or make the file in `folder`; raise `UnavailableError` only when the disk refuses."""
        self.path = folder / tables.FILE
        self.changed = threading.Condition(threading.RLock())
        """The lock of everything here; notified when room was made."""
        self.meta = Meta("")
        self.bytes = 0
        """Size of the waiting chunks."""
        self.trouble = ""
        """Why the last write failed; empty when it did not."""
        self._reserve = folder / "spool.reserve"
        self._host = host
        self._now = now
        self._is_closed = False
        self._connection: sqlite3.Connection | None = None
        with self.changed:
            self._open()

    def close(self) -> None:
        """Close the file for good; what was kept stays."""
        with self.changed:
            self._is_closed = True
            self._disconnect()

    @contextlib.contextmanager
    def use(self) -> Iterator[sqlite3.Connection]:
        """Lend the database under the lock; raise `UnavailableError` for what SQLite raises."""
        with self.changed:
            if self._is_closed:
                raise UnavailableError(f"the spool {self.path} is closed")
            if self._connection is None:
                self._open()
            try:
                yield self._database()
            except sqlite3.Error as error:
                if not tables.is_damage(error):
                    raise self._refusal(error) from error
                self._start_again(str(error))
                raise UnavailableError(f"the spool {self.path} was damaged ({error}); a new one was started") from error

    @contextlib.contextmanager
    def transaction(self, database: sqlite3.Connection) -> Iterator[Meta]:
        """Do all or nothing, durable at the end; lends a copy of `meta` that is kept only on success."""
        before = (self.meta, self.bytes)
        self.meta = replace(self.meta)
        try:
            database.execute("BEGIN IMMEDIATE")
            yield self.meta
            tables.save_meta(database, self.meta)
            database.execute("COMMIT")
        except BaseException as error:
            self.meta, self.bytes = before
            with contextlib.suppress(sqlite3.Error):
                database.execute("ROLLBACK")
            if isinstance(error, sqlite3.Error) and not tables.is_damage(error):
                raise self._refusal(error) from error
            raise
        self.trouble = ""

    def insert(self, database: sqlite3.Connection, chunks: Sequence[Chunk], at: str) -> None:
        """Put the chunks at the end; part of the caller's transaction. `at` is when their first line was read."""
        for chunk in chunks:
            values = (self.meta.next, chunk.count, at, chunk.crc, chunk.body)
            database.execute("INSERT INTO chunks VALUES (?, ?, ?, ?, ?)", values)
            self.meta.next += chunk.count
            self.bytes += len(chunk.body) + ROW_BYTES

    def say(self, sentence: str) -> None:
        """Put an event of dataset `sentinel.gap` at the end."""
        now = self._now()
        with self.transaction(self._database()):
            self.insert(self._database(), [seal([placeholder(sentence, now, self._host)])], now.isoformat())

    def forget(self, database: sqlite3.Connection, position: int) -> None:
        """Delete all chunks up to `position`, with the reserved room if the disk is full."""
        try:
            self._forget(database, position)
        except UnavailableError:
            if not self._reserve.exists():
                raise
            self._reserve.unlink()
            self._forget(database, position)
        free = database.execute("PRAGMA freelist_count").fetchone()[0]
        if free > VACUUM_PAGES * 4:
            database.execute(f"PRAGMA incremental_vacuum({VACUUM_PAGES})").fetchall()
        self._make_reserve()

    def _forget(self, database: sqlite3.Connection, position: int) -> None:
        with self.transaction(database) as meta:
            query = "SELECT total(length(body) + ?) FROM chunks WHERE first + count - 1 <= ?"
            self.bytes -= int(database.execute(query, (ROW_BYTES, position)).fetchone()[0])
            database.execute("DELETE FROM chunks WHERE first + count - 1 <= ?", (position,))
            meta.acknowledged = position

    def _database(self) -> sqlite3.Connection:
        if self._connection is None:
            raise UnavailableError(f"the spool {self.path} is closed")
        return self._connection

    def _disconnect(self) -> None:
        if self._connection is not None:
            self._connection.close()
        self._connection = None

    def _refusal(self, error: sqlite3.Error) -> UnavailableError:
        refusal = tables.unavailable(self.path, error)
        self.trouble = str(refusal)
        return refusal

    def _open(self) -> None:
        try:
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            tables.check_salvaged(self.path)
            self._connection = tables.connect(self.path)
            self.meta = tables.load_meta(self._connection)
            self._survey(self._connection)
        except OSError as error:
            raise UnavailableError(f"cannot use {self.path.parent} for the spool: {error.strerror}") from error
        except (DamagedError, sqlite3.Error) as error:
            if isinstance(error, sqlite3.Error) and not tables.is_damage(error):
                self._disconnect()
                raise self._refusal(error) from error
            self._start_again(str(error))
        self._make_reserve()

    def _start_again(self, reason: str) -> None:
        """Move the damaged file aside and go on with what can be read of it, in a new epoch.

        Interrupted by a full disk or the end of the process, it is done anew when the spool is opened the next time.
        """
        self._disconnect()
        try:
            source = tables.move_aside(self.path)
            self._connection = tables.connect(self.path)
            self.meta, self.bytes = tables.load_meta(self._connection), 0
            kept = self._take_over(self._connection, source)
            aside = tables.keep_damaged(source, self._now())
        except BaseException as error:
            self._disconnect()
            if isinstance(error, OSError):
                raise UnavailableError(f"cannot move the damaged spool {self.path} aside: {error.strerror}") from error
            if isinstance(error, sqlite3.Error):
                raise self._refusal(error) from error
            raise
        facts = {"reason": reason, "moved_to": str(aside), "events_saved": kept}
        log.error("The spool was damaged and has been started again.", extra=facts)
        self.say(
            f"the collector's spool was damaged ({reason}); {kept} waiting events were saved, others may be missing "
            f"or sent twice; the damaged file is {aside}"
        )

    def _take_over(self, database: sqlite3.Connection, aside: Path) -> int:
        with self.transaction(database):
            cursors = tables.salvaged_cursors(aside)
            database.executemany("INSERT OR REPLACE INTO cursors VALUES (?, ?)", list(cursors.items()))
        kept = 0
        for at, chunk in tables.salvaged_chunks(aside):
            with self.transaction(database):
                self.insert(database, [chunk], at)
            kept += chunk.count
        return kept

    def _survey(self, database: sqlite3.Connection) -> None:
        """Count what waits, and fill holes in the numbering so that the server's ledger never meets a gap."""
        expected, size = self.meta.acknowledged + 1, 0
        holes: list[tuple[int, int]] = []
        rows = database.execute("SELECT first, count, length(body) FROM chunks ORDER BY first")
        for first, count, length in chain(rows, [(self.meta.next, 0, None)]):
            is_begun = size == 0 and first + count > expected
            if first < expected and not is_begun:
                raise DamagedError("its chunks overlap")
            if first > expected:
                holes.append((expected, first - expected))
            expected = first + count
            size += 0 if length is None else length + ROW_BYTES
        self.bytes = size
        if sum(count for _, count in holes) > MAX_HOLE_LINES:
            raise DamagedError("most of its chunks are missing")
        for first, count in holes:
            self._fill(database, first, count)

    def _fill(self, database: sqlite3.Connection, first: int, count: int) -> None:
        sentence = f"1 of {count} events lost: a part of the collector's spool is missing on disk"
        now = self._now()
        line = placeholder(sentence, now, self._host)
        with self.transaction(database) as meta:
            for start in range(first, first + count, CHUNK_LINES):
                chunk = seal([line] * min(CHUNK_LINES, first + count - start))
                values = (start, chunk.count, now.isoformat(), chunk.crc, chunk.body)
                database.execute("INSERT INTO chunks VALUES (?, ?, ?, ?, ?)", values)
                self.bytes += len(chunk.body) + ROW_BYTES
            meta.lost += count
        log.error("A hole in the spool was filled with placeholders.", extra={"position": first, "events": count})

    def _make_reserve(self) -> None:
        if self._reserve.exists():
            return
        try:
            self._reserve.write_bytes(bytes(RESERVE_BYTES))
        except OSError:
            # The disk is too full for it now; the next acknowledged batch tries again.
            self._reserve.unlink(missing_ok=True)
