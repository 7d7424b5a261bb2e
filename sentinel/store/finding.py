"""Asks DuckDB for records in a list of segment files.

The SQL is put together from constants and `sql.condition`, whose values are bound: hence the exceptions from S608.
"""

import os
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sentinel.errors import InputError, UnavailableError
from sentinel.model.record import Record
from sentinel.model.search import Bucket, Found, Search
from sentinel.store.buckets import fill, width_seconds
from sentinel.store.columns import ID, TIME, unpack
from sentinel.store.segments import sorting_folder
from sentinel.store.sql import COLUMNS
from sentinel.store.sql_macros import MACROS
from sentinel.store.sql_values import Sql

MEMORY_LIMIT = "512MB"
MAX_TEMPORARY = "4GB"
"""On disk, for what does not fit into that memory."""
THREADS = 2
TIMEOUT_SECONDS = 60.0
MAX_RECORDS = 10_000
"""A page is never longer, whatever the limit asked for."""
MAX_OFFSET = 100_000
SEPARATOR = chr(31)
"""The unit separator stands in no id of ours; one that holds it is asked for by itself."""

_MICROSECONDS = f'epoch_us("{TIME}")'


class UnreadableError(Exception):
    """A file is damaged or gone, or DuckDB says no for another reason; the store finds out which."""


class Finder:
    """DuckDB in memory over Parquet files; safe for many threads."""

    def __init__(self, folder: Path) -> None:
        settings: dict[str, str | bool | int | float | list[str]] = {
            "memory_limit": MEMORY_LIMIT,
            "threads": THREADS,
            "temp_directory": str(sorting_folder(folder, os.getpid())),
            "max_temp_directory_size": MAX_TEMPORARY,
            "autoinstall_known_extensions": False,
            "autoload_known_extensions": False,
            "preserve_insertion_order": False,
        }
        self._duckdb = duckdb.connect(config=settings)
        # A setting of the Parquet extension, unknown before it is loaded.
        self._duckdb.execute("SET parquet_metadata_cache = true")
        for macro in MACROS:
            self._duckdb.execute(macro)
        self._duckdb.execute("SET lock_configuration = true")

    def search(self, files: Sequence[str], where: Sql, search: Search) -> Found:
        """Return the answer to a search whose condition is `where`; raise `InputError` for a page too far."""
        if search.offset > MAX_OFFSET:
            raise InputError(f"a search shows the first {MAX_OFFSET} events; narrow the time range to see others")
        with self._cursor() as cursor:
            place = _place(files, where)
            if where.is_costly:
                place = _remember(cursor, place)
            total, first, last = _count(cursor, place)
            if not total:
                return Found(0, ())
            buckets = _histogram(cursor, place, search, (first, last)) if search.histogram_buckets > 0 else ()
            return Found(total, tuple(_page(cursor, place, search)), buckets)

    def after(self, files: Sequence[str], where: Sql, last: tuple[str, str] | None, limit: int) -> list[Record]:
        """Return up to `limit` records after the time and id of `last`, oldest first."""
        if last is not None:
            text = (
                f'{where.text} AND "{TIME}" >= CAST(? AS TIMESTAMP) AND ("{TIME}", "{ID}") > (CAST(? AS TIMESTAMP), ?)'
            )
            time = last[0].rstrip("Z")
            where = Sql(text, (*where.values, time, time, last[1]))
        search = Search(scope=frozenset(), limit=limit, newest_first=False)
        with self._cursor() as cursor:
            return _page(cursor, _place(files, where), search)

    def by_ids(self, files: Sequence[str], ids: Sequence[str], where: Sql) -> list[Record]:
        """Return the records with these ids that pass `where`, in no order."""
        with self._cursor() as cursor:
            return _records(cursor, files, ids, where)

    def close(self) -> None:
        """Release memory and temporary files."""
        self._duckdb.close()

    @contextmanager
    def _cursor(self) -> Iterator[duckdb.DuckDBPyConnection]:
        cursor = self._duckdb.cursor()
        timer = threading.Timer(TIMEOUT_SECONDS, cursor.interrupt)
        timer.daemon = True
        timer.start()
        try:
            yield cursor
        except duckdb.InterruptException as error:
            raise UnavailableError(
                f"the search took longer than {TIMEOUT_SECONDS:.0f} seconds; narrow the time range or name a field"
            ) from error
        except duckdb.OutOfMemoryException as error:
            raise UnavailableError(
                f"the search needs more than {MEMORY_LIMIT} of memory; narrow the time range or name a field"
            ) from error
        except duckdb.Error as error:
            raise UnreadableError(str(error)) from error
        finally:
            timer.cancel()
            cursor.close()


@dataclass(frozen=True, slots=True)
class _Place:
    """Where the hits of a search are: in files, under a condition, or in a table that holds nothing else."""

    relation: str
    condition: str
    values: tuple[object, ...]


def _place(files: Sequence[str], where: Sql) -> _Place:
    return _Place("read_parquet(?, filename = true)", where.text, (list(files), *where.values))


def _remember(cursor: duckdb.DuckDBPyConnection, place: _Place) -> _Place:
    """Put the hits into a table, so that a costly condition is checked once."""
    cursor.execute(
        f'CREATE TEMP TABLE hits AS SELECT "{ID}", "{TIME}", filename '  # noqa: S608
        f"FROM {place.relation} WHERE {place.condition}",
        place.values,
    )
    return _Place("hits", "true", ())


def _count(cursor: duckdb.DuckDBPyConnection, place: _Place) -> tuple[int, int, int]:
    """Return the number of hits and the first and last time in microseconds."""
    row = cursor.execute(
        f"SELECT count(*), min({_MICROSECONDS}), max({_MICROSECONDS}) "  # noqa: S608
        f"FROM {place.relation} WHERE {place.condition}",
        place.values,
    ).fetchone()
    if row is None:
        raise UnreadableError("DuckDB gave no row for an aggregate")
    return int(row[0]), int(row[1] or 0), int(row[2] or 0)


def _histogram(
    cursor: duckdb.DuckDBPyConnection, place: _Place, search: Search, span: tuple[int, int]
) -> tuple[Bucket, ...]:
    """Return bars over the time asked for, or over what was found where no time was."""
    width = width_seconds(search.start, search.end, span, search.histogram_buckets) * 1_000_000
    rows = cursor.execute(
        f"SELECT {_MICROSECONDS} // ? AS bar, count(*) "  # noqa: S608
        f"FROM {place.relation} WHERE {place.condition} GROUP BY bar",
        (width, *place.values),
    ).fetchall()
    return fill({int(bar): int(count) for bar, count in rows}, width, search.start, search.end)


def _page(cursor: duckdb.DuckDBPyConnection, place: _Place, search: Search) -> list[Record]:
    """Return the records of one page: first their ids by the narrow columns, then the whole records."""
    order = "DESC" if search.newest_first else "ASC"
    rows = cursor.execute(
        f'SELECT "{ID}", "{TIME}", filename FROM {place.relation} WHERE {place.condition} '  # noqa: S608
        f'ORDER BY "{TIME}" {order}, "{ID}" {order} LIMIT ? OFFSET ?',
        (*place.values, max(0, min(search.limit, MAX_RECORDS)), max(0, search.offset)),
    ).fetchall()
    if not rows:
        return []
    times = [row[1] for row in rows]
    near = Sql(f'"{TIME}" BETWEEN ? AND ?', (min(times), max(times)))
    found = _records(cursor, sorted({row[2] for row in rows}), [row[0] for row in rows], near)
    by_id = {record.id: record for record in found}
    return [by_id[row[0]] for row in rows]


def _records(cursor: duckdb.DuckDBPyConnection, files: Sequence[str], ids: Sequence[str], where: Sql) -> list[Record]:
    # One text, because DuckDB looks for pandas anew at every bound value, which takes longer than the search; and no
    # registered table, because its threads would need the interpreter's lock to read it.
    if any(SEPARATOR in each for each in ids):
        wanted, values = ", ".join("?" * len(ids)), list(ids)
    else:
        wanted, values = "SELECT unnest(string_split(?, chr(31)))", [SEPARATOR.join(ids)]
    rows = cursor.execute(
        f'SELECT {COLUMNS} FROM read_parquet(?) WHERE "{ID}" IN ({wanted}) AND {where.text}',  # noqa: S608
        [list(files), *values, *where.values],
    ).fetchall()
    return [unpack(row) for row in rows]
