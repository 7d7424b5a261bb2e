"""The tables of the spool's SQLite file, and what can be read from a damaged one."""

import contextlib
import re
import secrets
import sqlite3
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from collectors.chunk import Chunk
from sentinel.errors import UnavailableError

FILE = "spool.db"
UNFINISHED = "spool-salvaging.db"
"""Name of a damaged file while what it holds is taken over: as long as there is one, the new file is not complete."""
KEPT_DAMAGED_FILES = 3

_SCHEMA = """
CREATE TABLE IF NOT EXISTS meta (name TEXT PRIMARY KEY, value) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS cursors (input TEXT PRIMARY KEY, cursor TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS chunks (
    first INTEGER PRIMARY KEY, count INTEGER NOT NULL, at TEXT NOT NULL, crc INTEGER NOT NULL, body BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS set_aside (
    id INTEGER PRIMARY KEY, at TEXT NOT NULL, position INTEGER NOT NULL, reason TEXT NOT NULL, body BLOB NOT NULL);
"""
_VERSION = 1
_EPOCH = re.compile(r"[0-9a-f]{32}")
_DAMAGE_CODES = {
    sqlite3.SQLITE_ERROR,
    sqlite3.SQLITE_CORRUPT,
    sqlite3.SQLITE_NOTADB,
    sqlite3.SQLITE_MISMATCH,
    sqlite3.SQLITE_CONSTRAINT,
}


class DamagedError(Exception):
    """The file is not what the spool wrote; the spool answers by starting a new one."""


@dataclass(slots=True)
class Meta:
    """The few numbers that say where the spool stands. Positions count lines from 1, over all epochs."""

    epoch: str
    """Random; names one life of the numbering."""
    base: int = 0
    """Position before the first of this epoch: sequence = position - base."""
    acknowledged: int = 0
    """Highest position the server has."""
    next: int = 1
    """Position of the next line."""
    lost: int = 0
    """Lines replaced by placeholders because their chunk was damaged."""
    refused: int = 0
    """Lines replaced by placeholders because the server would not take them."""


def connect(path: Path) -> sqlite3.Connection:
    """Return the spool's database, made where it is not there; raises `sqlite3.Error`."""
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=10)
    try:
        # Freed pages go back to the disk after an outage; this must be said before the first table is made.
        connection.execute("PRAGMA auto_vacuum = INCREMENTAL")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA cache_size = -1024")
        _check_version(connection)
        connection.executescript(_SCHEMA + f"PRAGMA user_version = {_VERSION};")
        path.chmod(0o600)
    except BaseException:
        connection.close()
        raise
    return connection


def _check_version(connection: sqlite3.Connection) -> None:
    if connection.execute("PRAGMA user_version").fetchone()[0] not in (0, _VERSION):
        raise DamagedError("it was written by another version of the collector")


def new_epoch() -> str:
    """Return a name that no epoch had before."""
    return secrets.token_hex(16)


def load_meta(connection: sqlite3.Connection) -> Meta:
    """Return where the spool stands; raise `DamagedError` when the numbers make no sense."""
    stored = dict(connection.execute("SELECT name, value FROM meta"))
    if not stored:
        meta = Meta(new_epoch())
        save_meta(connection, meta)
        return meta
    names = ("base", "acknowledged", "next", "lost", "refused")
    numbers = [stored[name] for name in names if type(stored.get(name)) is int and stored[name] >= 0]
    epoch = stored.get("epoch")
    if not isinstance(epoch, str) or not _EPOCH.fullmatch(epoch):
        raise DamagedError("its epoch is not readable")
    if len(numbers) != len(names):
        raise DamagedError("its counters are not readable")
    meta = Meta(epoch, *numbers)
    if not meta.base <= meta.acknowledged < meta.next:
        raise DamagedError("its counters contradict each other")
    return meta


def save_meta(connection: sqlite3.Connection, meta: Meta) -> None:
    """Write where the spool stands; part of the caller's transaction."""
    values = [(name, getattr(meta, name)) for name in ("epoch", "base", "acknowledged", "next", "lost", "refused")]
    connection.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", values)


def peek(folder: Path) -> tuple[int, dict[str, str]] | None:
    """Return how many events wait and the cursors, without opening the spool for writing; None when there is none."""
    path = folder / FILE
    if not path.exists():
        return None
    try:
        with contextlib.closing(sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro", uri=True, timeout=5)) as spool:
            meta = load_meta(spool)
            cursors = {str(name): str(cursor) for name, cursor in spool.execute("SELECT input, cursor FROM cursors")}
            return meta.next - 1 - meta.acknowledged, cursors
    except (sqlite3.Error, DamagedError) as error:
        raise UnavailableError(f"cannot read the spool {path}: {error}") from error


def is_damage(error: sqlite3.Error) -> bool:
    """Return whether `error` means that the file is broken, not that the disk is full or not allowed."""
    if isinstance(error, sqlite3.ProgrammingError | sqlite3.InterfaceError):
        return False
    code = getattr(error, "sqlite_errorcode", None)
    return code is None or (code & 0xFF) in _DAMAGE_CODES


def unavailable(path: Path, error: sqlite3.Error) -> UnavailableError:
    """Return the sentence for an error that passes once somebody makes room or grants the right."""
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    remedy = "free some space" if code == sqlite3.SQLITE_FULL else "see to the disk and its permissions"
    return UnavailableError(f"cannot use the spool {path}: {error}; {remedy}, then it goes on by itself")


def move_aside(path: Path) -> Path:
    """Rename the damaged database with its journal files to be salvaged and return its name.

    Where an earlier salvage was interrupted, what it had made is removed instead, and its source returned again.
    """
    source = path.with_name(UNFINISHED)
    if source.exists():
        _remove(path)
    else:
        _rename(path, source, ("-wal", "-shm", ""))
    return source


def check_salvaged(path: Path) -> None:
    """Raise `DamagedError` where a salvage was interrupted, so that the database at `path` is not complete."""
    if path.with_name(UNFINISHED).exists():
        raise DamagedError("its repair was interrupted")


def keep_damaged(source: Path, now: datetime) -> Path:
    """Say by its name that a damaged file was salvaged, keep the newest three such, return the new name."""
    target = source.with_name(f"spool-damaged-{now.astimezone(UTC):%Y%m%dT%H%M%S%f}.db")
    _rename(source, target, ("", "-wal", "-shm"))
    for old in sorted(source.parent.glob("spool-damaged-*.db"))[:-KEPT_DAMAGED_FILES]:
        _remove(old)
    return target


def _rename(path: Path, target: Path, suffixes: Iterable[str]) -> None:
    for suffix in suffixes:
        with contextlib.suppress(FileNotFoundError):
            path.with_name(path.name + suffix).rename(target.with_name(target.name + suffix))


def _remove(path: Path) -> None:
    for suffix in ("-wal", "-shm", ""):
        path.with_name(path.name + suffix).unlink(missing_ok=True)


def salvaged_cursors(path: Path) -> dict[str, str]:
    """Return the cursors that are still readable in a damaged file."""
    with _opened(path) as connection:
        return {
            name: cursor
            for name, cursor in _rows(connection, "SELECT input, cursor FROM cursors")
            if isinstance(name, str) and isinstance(cursor, str)
        }


def salvaged_chunks(path: Path) -> Iterator[tuple[str, Chunk]]:
    """Yield the unsent chunks of a damaged file whose checksum holds, each with the time of its first line."""
    with _opened(path) as connection:
        numbers = dict(_rows(connection, "SELECT name, value FROM meta"))
        acknowledged = numbers.get("acknowledged")
        seen: set[int] = set()
        # A broken page ends a scan, so the other end of the table is read backwards.
        for order in ("ASC", "DESC"):
            query = f"SELECT first, count, at, crc, body FROM chunks ORDER BY first {order}"  # noqa: S608 - constants
            for first, count, at, crc, body in _rows(connection, query):
                if first in seen:
                    break
                if not (isinstance(at, str) and isinstance(body, bytes)) or not _are_numbers(first, count, crc):
                    continue
                seen.add(first)
                chunk = Chunk(count, body, crc)
                if chunk.is_sound() and first + count - 1 > (acknowledged if type(acknowledged) is int else 0):
                    yield at, chunk


def _are_numbers(*values: object) -> bool:
    return all(type(value) is int for value in values)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    connection = sqlite3.connect(path, isolation_level=None, timeout=10)
    with contextlib.closing(connection):
        yield connection


def _rows(connection: sqlite3.Connection, query: str) -> Iterator[tuple[Any, ...]]:
    try:
        yield from connection.execute(query)
    except sqlite3.Error:
        return
