"""Opens the database, SQLite made safe for threads and processes or PostgreSQL, and brings its tables up to date."""

import os
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import URL, Connection, Engine, create_engine, event, make_url
from sqlalchemy.engine import ExceptionContext
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import ConnectionPoolEntry

from sentinel.database import postgresql
from sentinel.errors import InputError, UnavailableError

BUSY_TIMEOUT_MS = 10_000
"""How long a writer waits for another one before it gives up."""
_READS = "sentinel_reads"
_CANNOT_NOW = {
    sqlite3.SQLITE_BUSY: "another process has held it for too long",
    sqlite3.SQLITE_LOCKED: "another connection holds it",
    sqlite3.SQLITE_READONLY: "it may not be written",
    sqlite3.SQLITE_IOERR: "the disk reports an error",
    sqlite3.SQLITE_CORRUPT: "the file is damaged; restore a backup",
    sqlite3.SQLITE_FULL: "the disk is full; make room",
    sqlite3.SQLITE_CANTOPEN: "the file cannot be opened",
    sqlite3.SQLITE_NOTADB: "the file is not a SQLite database",
}


def connect(url: str, password_file: Path | None = None) -> Engine:
    """Return an engine for `url`: `sqlite:////path/to/file` or `postgresql://user@host/name`.

    On SQLite every transaction is `BEGIN IMMEDIATE`, so that a writer waits for its turn instead of failing half way;
    transactions opened by `reading` are deferred and wait for nobody. Raises `InputError` for a URL it cannot use and
    `UnavailableError` where the driver or the folder is missing; errors of a database that is busy, full, damaged or
    gone arrive as `UnavailableError` from every later statement too. No error shows the values of its statement: it may
    be logged, and they may be secret.
    """
    try:
        parsed = make_url(url)
    except ArgumentError as error:
        raise InputError("database.url is not a database URL; use sqlite:////path or postgresql://...") from error
    backend = parsed.get_backend_name()
    if backend == "sqlite":
        engine = _sqlite(parsed)
    elif backend == "postgresql":
        engine = postgresql.open_engine(parsed, BUSY_TIMEOUT_MS, password_file)
    else:
        raise InputError(f"database.url names '{backend}'; use sqlite or postgresql")
    event.listen(engine, "handle_error", _explain)
    return engine


@contextmanager
def reading(engine: Engine) -> Iterator[Connection]:
    """Give a connection that sees one moment of the database, waits for no writer and cannot write."""
    options: dict[str, object] = {_READS: True}
    if engine.dialect.name == "postgresql":
        options |= {"isolation_level": "REPEATABLE READ", "postgresql_readonly": True}
    with engine.connect() as connection:
        yield connection.execution_options(**options)


def migrate(engine: Engine) -> None:
    """Bring the tables up to date, all or nothing; raise `UnavailableError` when a newer Sentinel made them."""
    from sentinel.database.migrations import upgrade  # Alembic is slow to import and not needed to use the tables.

    upgrade(engine)


def _sqlite(url: URL) -> Engine:
    if not url.database or url.database == ":memory:":
        raise InputError("database.url: SQLite needs a file, as in sqlite:////var/lib/sentinel/state.db")
    path = Path(url.database)
    try:
        # SQLite gives -wal and -shm the mode of the main file.
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    except OSError as error:
        raise UnavailableError(f"cannot open the database {path}: {error.strerror}") from error
    engine = create_engine(url, pool_size=8, max_overflow=56, pool_timeout=30, hide_parameters=True)
    event.listen(engine, "connect", _prepare_sqlite)
    event.listen(engine, "begin", _begin_sqlite)
    return engine


def _prepare_sqlite(connection: sqlite3.Connection, _entry: ConnectionPoolEntry) -> None:
    # The driver must not begin transactions by itself: https://docs.sqlalchemy.org/en/20/dialects/sqlite.html
    connection.isolation_level = None
    # SQLite's own lower() knows ASCII only.
    connection.create_function("lower", 1, lambda text: text.lower() if isinstance(text, str) else text)
    for pragma in (
        f"busy_timeout={BUSY_TIMEOUT_MS}",
        "journal_mode=WAL",
        "synchronous=FULL",
        "foreign_keys=ON",
        "trusted_schema=OFF",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Connection) -> None:
    reads = connection.get_execution_options().get(_READS, False)
    connection.exec_driver_sql(f"PRAGMA query_only={'ON' if reads else 'OFF'}")
    connection.exec_driver_sql("BEGIN" if reads else "BEGIN IMMEDIATE")


def _explain(context: ExceptionContext) -> None:
    cause = context.original_exception
    code = getattr(cause, "sqlite_errorcode", None)
    if isinstance(cause, sqlite3.Error) and code is not None:
        if (reason := _CANNOT_NOW.get(code & 0xFF)) is not None:
            raise UnavailableError(f"the database cannot be used now: {reason} ({cause})") from cause
    elif postgresql.cannot_now(cause) or (context.is_disconnect and cause is not None):
        raise UnavailableError(f"the database server cannot be used now: {str(cause).strip()}") from cause
