"""Which segments count, and how far the store has come: one SQLite file, so that both change in one transaction."""

import json
import sqlite3
import threading
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sentinel.database.files import explained, transaction
from sentinel.store import Mark

BUSY_TIMEOUT_SECONDS = 10

_FIRST_MARK = """
INSERT OR IGNORE INTO marks SELECT 0, position, detection_state FROM mark; DROP TABLE mark;
"""
"""The first version had one mark, for the one journal there was."""

_NAME = "TEXT NOT NULL DEFAULT ''"
_LATER_COLUMNS = {"datasets": "TEXT", "agencies": "TEXT", "part": _NAME, "projection": _NAME}
"""Of segments, which the first versions did not have."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS segments (
    number INTEGER PRIMARY KEY, rows INTEGER NOT NULL, bytes INTEGER NOT NULL, digest TEXT NOT NULL,
    ids_digest TEXT NOT NULL, first_at TEXT NOT NULL, last_at TEXT NOT NULL, written_at TEXT NOT NULL,
    layout TEXT NOT NULL, misfits TEXT NOT NULL, datasets TEXT, agencies TEXT, part TEXT NOT NULL DEFAULT '',
    projection TEXT NOT NULL DEFAULT ''
);
CREATE TABLE IF NOT EXISTS leaving (number INTEGER PRIMARY KEY, since TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS damaged (
    number INTEGER PRIMARY KEY, rows INTEGER NOT NULL, first_at TEXT NOT NULL, last_at TEXT NOT NULL,
    reason TEXT NOT NULL, found_at TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS marks (
    partition INTEGER PRIMARY KEY, position INTEGER NOT NULL, detection_state BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS changes (
    number INTEGER PRIMARY KEY, partition INTEGER NOT NULL, detection_state BLOB NOT NULL
);
CREATE TABLE IF NOT EXISTS counter (one INTEGER PRIMARY KEY CHECK (one = 1), next_number INTEGER NOT NULL);
INSERT OR IGNORE INTO counter VALUES (1, 1);
"""


@dataclass(frozen=True, slots=True, kw_only=True)
class Segment:
    """One Parquet file that counts."""

    number: int
    """Names its files; never used twice among segments that counted."""
    rows: int
    bytes: int
    digest: str
    """SHA-256 of the Parquet file."""
    ids_digest: str
    """SHA-256 of the file with the hashes of its ids."""
    first_at: str
    last_at: str
    written_at: str
    """When its newest record was stored: what keeping time counts from."""
    layout: str
    misfits: frozenset[str]
    datasets: frozenset[str] | None = None
    """Those of its records; None: not known, or too many."""
    agencies: frozenset[str] | None = None
    """Likewise."""
    part: str = ""
    """Family of datasets and day that all its records are of; empty where they are mixed."""
    projection: str = ""
    """SHA-256 of its projection; empty where it has none."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Damage:
    """A segment that was set aside because its file is not what was written."""

    number: int
    rows: int
    first_at: str
    last_at: str
    reason: str
    found_at: str


class Manifest:
    """The store's table of contents; safe for many threads, and for readers in other processes."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = threading.Lock()
        with self._explained("open"):
            self._db = sqlite3.connect(
                path, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None, check_same_thread=False
            )
            for pragma in ("journal_mode=WAL", "synchronous=FULL"):
                self._db.execute(f"PRAGMA {pragma}")
            self._db.executescript(_SCHEMA)
            if self._db.execute("SELECT 1 FROM sqlite_master WHERE name = 'mark'").fetchone():
                self._db.executescript(f"BEGIN IMMEDIATE; {_FIRST_MARK} COMMIT;")
            with transaction(self._db):
                known = {row[1] for row in self._db.execute("PRAGMA table_info(segments)")}
                for name, kind in _LATER_COLUMNS.items():
                    if name not in known:
                        self._db.execute(f"ALTER TABLE segments ADD COLUMN {name} {kind}")

    def mark(self, partition: int) -> Mark:
        """Return the mark of the last commit of that part of the journal."""
        with self._lock, self._explained("read"):
            row = self._db.execute(
                "SELECT position, detection_state FROM marks WHERE partition = ?", (partition,)
            ).fetchone()
            changes = self._db.execute(
                "SELECT detection_state FROM changes WHERE partition = ? ORDER BY number", (partition,)
            ).fetchall()
        if row is None:
            return Mark(0, b"", partition)
        return Mark(row[0], b"".join((row[1], *(change for (change,) in changes))), partition)

    def position(self, partition: int) -> int:
        """Return the position of that mark."""
        with self._lock, self._explained("read"):
            row = self._db.execute("SELECT position FROM marks WHERE partition = ?", (partition,)).fetchone()
        return 0 if row is None else int(row[0])

    def segments(self) -> list[Segment]:
        """Return the segments that count, oldest number first."""
        with self._lock, self._explained("read"):
            rows = self._db.execute(f"SELECT {_COLUMNS} FROM segments ORDER BY number").fetchall()  # noqa: S608
        return [_segment(row) for row in rows]

    def next_number(self) -> int:
        """Return a number for a new segment; the commit that uses it moves the counter on."""
        with self._lock, self._explained("read"):
            return int(self._db.execute("SELECT next_number FROM counter").fetchone()[0])

    def reserve_number(self) -> int:
        """Return a number for a new segment that nobody else gets, for work that takes long."""
        with self._lock, self._explained("write"), self._transaction():
            number = int(self._db.execute("SELECT next_number FROM counter").fetchone()[0])
            self._db.execute("UPDATE counter SET next_number = ?", (number + 1,))
        return number

    def add(self, segment: Segment | None, mark: Mark) -> None:
        """Make a new segment count, where there is one, and move the mark: both or neither, synced on return."""
        with self._lock, self._explained("write"), self._transaction():
            if segment is not None:
                self._insert(segment)
            if mark.follows:
                self._follow(mark)
                return
            self._db.execute("DELETE FROM changes WHERE partition = ?", (mark.partition,))
            self._db.execute(
                "INSERT INTO marks VALUES (?, ?, ?) ON CONFLICT DO UPDATE SET position = excluded.position, "
                "detection_state = excluded.detection_state",
                (mark.partition, mark.position, mark.detection_state),
            )

    def _follow(self, mark: Mark) -> None:
        # The long state stays where it is: to write it anew with every batch would cost more than the batch.
        self._db.execute("UPDATE marks SET position = ? WHERE partition = ?", (mark.position, mark.partition))
        self._db.execute(
            "INSERT INTO changes (partition, detection_state) VALUES (?, ?)", (mark.partition, mark.detection_state)
        )

    def project(self, number: int, digest: str) -> None:
        """Note the projection of a segment; nothing where that does not count any more."""
        with self._lock, self._explained("write"), self._transaction():
            self._db.execute("UPDATE segments SET projection = ? WHERE number = ?", (digest, number))

    def replace(self, old: Sequence[Segment], new: Segment | None, since: str) -> None:
        """Let `new`, if any, count instead of `old`, whose files wait for their removal from `since` on."""
        self.exchange(old, [] if new is None else [new], since)

    def exchange(self, old: Sequence[Segment], new: Sequence[Segment], since: str) -> None:
        """Let the `new` count instead of the `old`, whose files wait for their removal from `since` on."""
        with self._lock, self._explained("write"), self._transaction():
            for segment in old:
                self._db.execute("DELETE FROM segments WHERE number = ?", (segment.number,))
                self._db.execute("INSERT INTO leaving VALUES (?, ?)", (segment.number, since))
            for segment in new:
                self._insert(segment)

    def leaving(self) -> list[tuple[int, str]]:
        """Return the numbers of files that may be removed, and since when."""
        with self._lock, self._explained("read"):
            return self._db.execute("SELECT number, since FROM leaving ORDER BY number").fetchall()

    def forget(self, number: int) -> None:
        """Say that the files of a segment that left are removed."""
        with self._lock, self._explained("write"), self._transaction():
            self._db.execute("DELETE FROM leaving WHERE number = ?", (number,))

    def set_aside(self, segment: Segment, reason: str, found_at: str) -> None:
        """Let a damaged segment count no more, and remember what was lost with it."""
        with self._lock, self._explained("write"), self._transaction():
            self._db.execute("DELETE FROM segments WHERE number = ?", (segment.number,))
            self._db.execute(
                "INSERT OR IGNORE INTO damaged VALUES (?, ?, ?, ?, ?, ?)",
                (segment.number, segment.rows, segment.first_at, segment.last_at, reason, found_at),
            )

    def damaged(self) -> list[Damage]:
        """Return the segments that were set aside, oldest number first."""
        with self._lock, self._explained("read"):
            rows = self._db.execute("SELECT * FROM damaged ORDER BY number").fetchall()
        names = ("number", "rows", "first_at", "last_at", "reason", "found_at")
        return [Damage(**dict(zip(names, row, strict=True))) for row in rows]

    def close(self) -> None:
        """Release the file."""
        with self._lock:
            self._db.close()

    def _insert(self, segment: Segment) -> None:
        values = [getattr(segment, name) for name in Segment.__slots__]
        packed = [_pack(value) if value is None or isinstance(value, frozenset) else value for value in values]
        places = ", ".join("?" * len(packed))
        self._db.execute(f"INSERT INTO segments ({_COLUMNS}) VALUES ({places})", packed)  # noqa: S608
        self._db.execute("UPDATE counter SET next_number = max(next_number, ?)", (segment.number + 1,))

    def _explained(self, doing: str) -> AbstractContextManager[None]:
        return explained(doing, "store's manifest", self._path)

    def _transaction(self) -> AbstractContextManager[None]:
        return transaction(self._db)


_COLUMNS = ", ".join(Segment.__slots__)
_SETS = frozenset({"misfits", "datasets", "agencies"})


def _pack(names: frozenset[str] | None) -> str | None:
    return None if names is None else json.dumps(sorted(names))


def _segment(row: tuple[Any, ...]) -> Segment:
    found = dict(zip(Segment.__slots__, row, strict=True))
    for name in _SETS:
        found[name] = None if found[name] is None else frozenset(json.loads(found[name]))
    return Segment(**found)
