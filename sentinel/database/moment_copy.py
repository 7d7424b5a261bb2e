"""One moment of a SQLite file that others write to: looked at and copied, while they go on."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from sentinel.database.files import explained
from sentinel.errors import UnavailableError

BUSY_TIMEOUT_SECONDS = 10
PAGES = 2_000
"""Copied at a time, so that a signal is heard in between."""


class Moment:
    """A file as it was when the moment began; nothing that is written since is seen."""

    def __init__(self, path: Path, connection: sqlite3.Connection) -> None:
        self._path = path
        self._connection = connection

    def rows(self, statement: str) -> list[tuple[object, ...]]:
        """Return the answer to a statement that only reads."""
        with explained("read", "file", self._path):
            return self._connection.execute(statement).fetchall()

    def each(self, statement: str) -> Iterator[tuple[object, ...]]:
        """Yield the rows of the answer, without holding them all in memory."""
        with explained("read", "file", self._path):
            yield from self._connection.execute(statement)

    def copy(self, target: Path) -> None:
        """Write the moment to a new file without a log beside it."""
        with explained("copy", "file", self._path):
            copy = sqlite3.connect(target, isolation_level=None)
            try:
                self._connection.backup(copy, pages=PAGES)
                copy.execute("PRAGMA journal_mode=DELETE")
            finally:
                copy.close()


@contextmanager
def moment(path: Path) -> Iterator[Moment]:
    """Give the present moment of the file; raise `UnavailableError` where there is none or it cannot be read."""
    if not path.is_file():
        raise UnavailableError(f"{path} is missing")
    with explained("open", "file", path):
        connection = sqlite3.connect(
            f"file:{path}?mode=ro", uri=True, timeout=BUSY_TIMEOUT_SECONDS, isolation_level=None
        )
    try:
        with explained("read", "file", path):
            connection.execute("BEGIN")
            # The moment begins with the first look, not with the word.
            connection.execute("SELECT count(*) FROM sqlite_master").fetchone()
        yield Moment(path, connection)
    finally:
        with suppress(sqlite3.Error):
            connection.execute("ROLLBACK")
        connection.close()
