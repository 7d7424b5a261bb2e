"""One search's use of DuckDB: it ends when nobody waits any more, and within bounds of time, memory and disk."""

import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import duckdb

from sentinel.errors import UnavailableError
from sentinel.store import Stop, StoppedError

LOOK_SECONDS = 0.05
"""How often it is asked whether somebody still waits."""


class UnreadableError(Exception):
    """A file is damaged or gone, or DuckDB says no for another reason; the store finds out which."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What one search may cost."""

    seconds: float = 60.0
    memory: str = "512MB"
    """For all searches of a process together."""
    temporary: str = "4GB"
    """On disk, for what does not fit into that memory."""
    threads: int = 2


class Session:
    """A cursor whose queries are broken off when it is time."""

    def __init__(self, cursor: duckdb.DuckDBPyConnection, limits: Limits, stop: Stop | None) -> None:
        self._cursor = cursor
        self._limits = limits
        self._stop = stop
        self._until = time.monotonic() + limits.seconds
        self._is_done = threading.Event()

    def rows(self, sql: str, values: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """Return the rows of a query; raise `StoppedError`, `UnavailableError` for its cost, or `UnreadableError`."""
        self.check()
        try:
            return self._cursor.execute(sql, values).fetchall()
        except duckdb.InterruptException:
            self.check()
            raise
        except duckdb.OutOfMemoryException as error:
            raise UnavailableError(
                f"the search needs more than {self._limits.memory} of memory and {self._limits.temporary} of disk; "
                "narrow the time range or name a field"
            ) from error
        except duckdb.Error as error:
            raise UnreadableError(str(error)) from error

    def watch(self) -> None:
        """Break off what runs when it is time, until the session is closed."""
        while not self._is_done.wait(LOOK_SECONDS):
            if self._is_over():
                self._cursor.interrupt()

    def close(self) -> None:
        """Say that nothing more is asked."""
        self._is_done.set()

    def check(self) -> None:
        """Raise `StoppedError` where nobody waits any more, and `UnavailableError` where it took too long."""
        if self._stop is not None and self._stop.is_set():
            raise StoppedError("nobody waits for this search any more; ask again")
        if time.monotonic() >= self._until:
            raise UnavailableError(
                f"the search took longer than {self._limits.seconds:g} seconds; narrow the time range or name a field"
            )

    def _is_over(self) -> bool:
        return time.monotonic() >= self._until or (self._stop is not None and self._stop.is_set())


@contextmanager
def session(database: duckdb.DuckDBPyConnection, limits: Limits, stop: Stop | None) -> Iterator[Session]:
    """Give a session of its own on the database."""
    cursor = database.cursor()
    opened = Session(cursor, limits, stop)
    watcher = threading.Thread(target=opened.watch, name="search-watch", daemon=True)
    watcher.start()
    try:
        yield opened
    finally:
        opened.close()
        watcher.join()
        cursor.close()
