"""SQLite files that are no part of the database of state: one way to write to them, one way to say what is wrong."""

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sentinel.errors import UnavailableError


@contextmanager
def transaction(connection: sqlite3.Connection) -> Iterator[None]:
    """Keep all that is done inside, or nothing."""
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        # Not so after the commit, nor after a full disk, where SQLite has rolled back by itself.
        if connection.in_transaction:
            connection.execute("ROLLBACK")


@contextmanager
def explained(doing: str, what: str, path: Path) -> Iterator[None]:
    """Raise `UnavailableError` for what SQLite says: what we were doing, with which file, and what to look at."""
    try:
        yield
    except sqlite3.Error as error:
        raise UnavailableError(
            f"cannot {doing} the {what} {path}: {error}; check the disk's space and health"
        ) from error
