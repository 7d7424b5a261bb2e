"""Asks DuckDB for records in a list of segment files.

The SQL is put together from constants and `sql.condition`, whose values are bound: hence the exceptions from S608.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import duckdb

from sentinel.model.record import Record
from sentinel.model.search import Bucket, Found, Search
from sentinel.store import Stop, counting, cursor
from sentinel.store.columns import ID, TIME, unpack
from sentinel.store.counting import Bars
from sentinel.store.pages import following, page
from sentinel.store.place import FILES, ROW, Place, Row, remember, source
from sentinel.store.segments import sorting_folder
from sentinel.store.session import Limits, Session, session
from sentinel.store.sql import COLUMNS
from sentinel.store.sql_macros import MACROS
from sentinel.store.sql_values import SEPARATOR, Sql

MAX_LISTED_ROWS = 256
"""Rows of one file that are read one by one; more are read with what lies between them."""
_MICROSECONDS = f'epoch_us("{TIME}")'


@dataclass(frozen=True, slots=True)
class Files:
    """Where to look."""

    paths: Sequence[str]
    span: tuple[str, str]
    """First and last time of the records in them."""
    misfits: frozenset[str]
    """Promoted fields that some record of them keeps in the rest."""


class Finder:
    """DuckDB in memory over Parquet files; safe for many threads."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._limits = limits
        self._duckdb = bounded(folder, limits)

    def search(self, files: Files, where: Sql, search: Search, stop: Stop | None = None) -> Found:
        """Return the answer to a search whose condition is `where`."""
        with session(self._duckdb, self._limits, stop) as asked:
            place = source(files.paths, where, search, files.misfits)
            if where.is_costly:
                place = remember(asked, place)
            bars = _bars(asked, place, counting.fine_width(search, files.span))
            if not bars.total:
                return Found(0, ())
            shown = page(asked, place, search, bars)
            return Found(
                bars.total,
                tuple(_whole(asked, shown.rows)),
                _histogram(asked, place, search, bars) if search.histogram_buckets > 0 else (),
                next=shown.next,
                top={field: place.top(asked, field, search.top_values) for field in search.top},
            )

    def bars(self, files: Files, where: Sql, search: Search, stop: Stop | None) -> Bars:
        """Return how many hits there are by time."""
        with session(self._duckdb, self._limits, stop) as asked:
            place = source(files.paths, where, search, files.misfits)
            return _bars(asked, place, counting.fine_width(search, files.span))

    def after(
        self, files: Files, where: Sql, last: tuple[str, str] | None, limit: int, stop: Stop | None
    ) -> list[Record]:
        """Return up to `limit` records after the time and id of `last`, oldest first."""
        search = Search(scope=frozenset(), newest_first=False)
        onward = Sql("true") if last is None else following(cursor.Place(*last), search)
        with session(self._duckdb, self._limits, stop) as asked:
            place = source(files.paths, where, search, files.misfits)
            return _whole(asked, place.sorted(asked, onward, "ASC", limit))

    def by_ids(self, paths: Sequence[str], ids: Sequence[str], where: Sql) -> list[Record]:
        """Return the records with these ids that pass `where`, in no order."""
        with session(self._duckdb, self._limits, None) as asked:
            return _whole(asked, _rows(asked, paths, ids, where))

    def close(self) -> None:
        """Release memory and temporary files."""
        self._duckdb.close()


def bounded(folder: Path, limits: Limits) -> duckdb.DuckDBPyConnection:
    """Return a database in memory that keeps to the limits; what does not fit goes into a part of `folder`."""
    settings: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": limits.memory,
        "threads": limits.threads,
        "temp_directory": str(sorting_folder(folder, os.getpid())),
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "preserve_insertion_order": False,
    }
    database = duckdb.connect(config=settings)
    # Given with the others it is shown, and not kept to (DuckDB 1.5).
    database.execute(f"SET max_temp_directory_size = '{limits.temporary}'")
    # A setting of the Parquet extension, unknown before it is loaded.
    database.execute("SET parquet_metadata_cache = true")
    for macro in MACROS:
        database.execute(macro)
    database.execute("SET lock_configuration = true")
    return database


def _bars(asked: Session, place: Place, width: int) -> Bars:
    rows = asked.rows(
        f"SELECT {_MICROSECONDS} // ? AS bar, count(*), min({_MICROSECONDS}), max({_MICROSECONDS}) "  # noqa: S608
        f"FROM {place.relation} WHERE {place.condition.text} GROUP BY bar",
        (width, *place.values),
    )
    return counting.read(rows, width)


def _histogram(asked: Session, place: Place, search: Search, bars: Bars) -> tuple[Bucket, ...]:
    """Return bars over the time asked for, or over what was found where no time was."""
    width = counting.histogram_width(bars, search)
    if width % bars.width:
        bars = _bars(asked, place, width)
    return counting.histogram(bars, width, search)


def _whole(asked: Session, rows: Sequence[Row]) -> list[Record]:
    """Return the records in these rows: only now are their costly columns read."""
    if not rows:
        return []
    numbers: dict[str, list[int]] = {}
    for row in rows:
        numbers.setdefault(row.file, []).append(row.number)
    # By file: a number says nothing of another file's rows.
    parts = [f"SELECT {COLUMNS} FROM {FILES} WHERE {_is_one_of(each)}" for each in numbers.values()]  # noqa: S608
    # What is sorted is read by all threads, what is only fetched by one.
    ordered = f'SELECT * FROM ({" UNION ALL ".join(parts)}) ORDER BY "{ID}"'  # noqa: S608
    found = asked.rows(ordered, [[file] for file in numbers])
    by_id = {record.id: record for record in map(unpack, found)}
    return [by_id[row.id] for row in rows]


def _is_one_of(numbers: Sequence[int]) -> str:
    """Return the condition that a row is one of these, at least one.

    The numbers are our own and stand in the text: DuckDB skips what lies between rows that it knows beforehand, but
    not between those that a join with a list gives it, which in turn is cheaper for many.
    """
    between = f"file_row_number BETWEEN {min(numbers)} AND {max(numbers)}"
    if max(numbers) - min(numbers) == len(numbers) - 1:
        return between
    listed = ",".join(map(str, numbers))
    if len(numbers) > MAX_LISTED_ROWS:
        return f"{between} AND file_row_number IN (SELECT CAST(unnest(string_split('{listed}', ',')) AS BIGINT))"
    return f"file_row_number IN ({listed})"


def _rows(asked: Session, paths: Sequence[str], ids: Sequence[str], where: Sql) -> list[Row]:
    """Return where the records with these ids are."""
    # One text, because DuckDB looks for pandas anew at every bound value, which takes longer than the search; and no
    # registered table, because its threads would need the interpreter's lock to read it.
    if any(SEPARATOR in each for each in ids):
        wanted, values = ", ".join("?" * len(ids)), list(ids)
    else:
        wanted, values = "SELECT unnest(string_split(?, chr(31)))", [SEPARATOR.join(ids)]
    rows = asked.rows(
        f'SELECT {ROW} FROM {FILES} WHERE "{ID}" IN ({wanted}) AND {where.text}',  # noqa: S608
        [list(paths), *values, *where.values],
    )
    return [Row(*row) for row in rows]
