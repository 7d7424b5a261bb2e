"""Asks DuckDB for records in a list of segment files.

The SQL is put together from constants and `sql.condition`, whose values are bound: hence the exceptions from S608.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import duckdb

from sentinel.model.record import Record
from sentinel.model.search import Bucket, Found, Search
from sentinel.store import Stop, counting, cursor
from sentinel.store.columns import ID, TIME
from sentinel.store.counting import Bars
from sentinel.store.names import whole
from sentinel.store.pages import following, page
from sentinel.store.place import FILES, ROW, Place, Row, remember, source
from sentinel.store.projection import covers
from sentinel.store.rows import Rows
from sentinel.store.segments import sorting_folder
from sentinel.store.session import Limits, Session, UnreadableError, session
from sentinel.store.sql_macros import MACROS
from sentinel.store.sql_values import SEPARATOR, Sql

_MICROSECONDS = f'epoch_us("{TIME}")'


@dataclass(frozen=True, slots=True)
class Files:
    """Where to look."""

    paths: Sequence[str]
    slim: Sequence[str]
    """The same, or projections, which have fewer columns."""
    span: tuple[str, str]
    """First and last time of the records in them."""
    misfits: frozenset[str]
    """Promoted fields that some record of them keeps in the rest."""


class Finder:
    """DuckDB in memory over Parquet files; safe for many threads."""

    def __init__(self, folder: Path, limits: Limits) -> None:
        self._limits = limits
        self._duckdb = bounded(folder, limits)
        self._rows = Rows(limits.threads)

    def search(self, files: Files, where: Sql, search: Search, stop: Stop | None = None) -> Found:
        """Return the answer to a search whose condition is `where`."""
        with session(self._duckdb, self._limits, stop) as asked:
            place = source(files.paths, where, search, files.misfits)
            if where.is_costly:
                place = remember(asked, place)
            counted = _slim(files, place)
            bars = _bars(asked, counted, counting.fine_width(search, files.span))
            if not bars.total:
                return Found(0, ())
            shown = page(asked, _slim(files, place, place.key), search, bars)
            return Found(
                bars.total,
                tuple(self._whole(asked, shown.rows)),
                _histogram(asked, counted, search, bars) if search.histogram_buckets > 0 else (),
                next=shown.next,
                top={
                    field: _slim(files, place, place.tops[field]).top(asked, field, search.top_values)
                    for field in search.top
                },
            )

    def bars(self, files: Files, where: Sql, search: Search, stop: Stop | None) -> Bars:
        """Return how many hits there are by time."""
        with session(self._duckdb, self._limits, stop) as asked:
            place = source(files.paths, where, search, files.misfits)
            return _bars(asked, _slim(files, place), counting.fine_width(search, files.span))

    def after(
        self, files: Files, where: Sql, last: tuple[str, str] | None, limit: int, stop: Stop | None
    ) -> list[Record]:
        """Return up to `limit` records after the time and id of `last`, oldest first."""
        search = Search(scope=frozenset(), newest_first=False)
        onward = Sql("true") if last is None else following(cursor.Place(*last), search)
        with session(self._duckdb, self._limits, stop) as asked:
            place = source(files.paths, where, search, files.misfits)
            return self._whole(asked, _slim(files, place, place.key).sorted(asked, onward, "ASC", limit))

    def by_ids(self, paths: Sequence[str], ids: Sequence[str], where: Sql) -> list[Record]:
        """Return the records with these ids that pass `where`, in no order."""
        with session(self._duckdb, self._limits, None) as asked:
            return self._whole(asked, _places(asked, paths, ids, where))

    def close(self) -> None:
        """Release memory, threads and temporary files."""
        self._rows.close()
        self._duckdb.close()

    def _whole(self, asked: Session, rows: Sequence[Row]) -> list[Record]:
        """Return the records in these rows: only now are their costly columns read."""
        numbers: dict[str, list[int]] = {}
        for row in rows:
            numbers.setdefault(whole(row.file), []).append(row.number)
        by_id = {record.id: record for record in self._rows.read(numbers, asked.check)}
        if strange := [row for row in rows if row.id not in by_id]:
            raise UnreadableError(f"{Path(strange[0].file).name} says otherwise than its segment what is in a row")
        return [by_id[row.id] for row in rows]


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
    for macro in MACROS:
        database.execute(macro)
    database.execute("SET lock_configuration = true")
    return database


def _slim(files: Files, place: Place, *read: Sql) -> Place:
    """Return the same place in projections where these have all that its condition and `read` ask for."""
    is_slim = place.relation == FILES and covers(place.condition, *read)
    return replace(place, files=(list(files.slim),)) if is_slim else place


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


def _places(asked: Session, paths: Sequence[str], ids: Sequence[str], where: Sql) -> list[Row]:
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
