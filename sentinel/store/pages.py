"""One page of hits: which records, in order, and where the next page begins."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sentinel.errors import InputError
from sentinel.model.moment import from_text, to_text
from sentinel.model.search import Search
from sentinel.store import counting, cursor
from sentinel.store.bounds import MAX_RECORDS
from sentinel.store.columns import TIME
from sentinel.store.counting import Bars
from sentinel.store.place import Place, Row
from sentinel.store.session import Session
from sentinel.store.sql_values import Sql, join

_EPOCH = datetime(1970, 1, 1)  # noqa: DTZ001 - as the column holds times: UTC without saying so


@dataclass(frozen=True, slots=True)
class Page:
    """The hits of a page, in order."""

    rows: tuple[Row, ...]
    next: str = ""


def page(asked: Session, place: Place, search: Search, bars: Bars) -> Page:
    """Return the page that `search` asks for; `bars` count all its hits."""
    size, offset = max(0, min(search.limit, MAX_RECORDS)), max(0, search.offset)
    last = cursor.read(search.after, search.sort, newest_first=search.newest_first) if search.after else None
    if not size:
        return Page(())
    where = Sql("true") if last is None else following(last, search)
    if search.sort == TIME:
        near = _reach(search, bars, offset + size + 1, last)
        where = join(" AND ", [near, where])
    order = "DESC" if search.newest_first else "ASC"
    # One more than shown tells whether there is a next page.
    rows = place.sorted(asked, where, order, size + 1, offset)
    shown = tuple(rows[:size])
    return Page(shown, _next(shown[-1], search) if len(rows) > size else "")


def _reach(search: Search, bars: Bars, wanted: int, last: cursor.Place | None) -> Sql:
    """Return the condition that keeps the search for the page to the time that holds it."""
    after = None if last is None else (_time(last.key) - _EPOCH) // timedelta(microseconds=1)
    start, end = counting.reach(bars, wanted, newest_first=search.newest_first, after=after)
    return Sql(
        f'"{TIME}" >= make_timestamp(CAST(? AS BIGINT)) AND "{TIME}" < make_timestamp(CAST(? AS BIGINT))', (start, end)
    )


def following(last: cursor.Place, search: Search) -> Sql:
    """Return the condition that a hit comes after the last one shown."""
    sign = "<" if search.newest_first else ">"
    if last.key is None:
        return Sql(f'(key IS NULL AND "#id" {sign} ?)', (last.id,))
    key = _time(last.key) if search.sort == TIME else last.key
    return Sql(f'(key {sign} ? OR (key = ? AND "#id" {sign} ?) OR key IS NULL)', (key, key, last.id))


def _next(last: Row, search: Search) -> str:
    key = last.key
    if isinstance(key, datetime):
        key = to_text(key.replace(tzinfo=UTC))
    if not (key is None or isinstance(key, str | int | float)):
        raise TypeError(f"a record cannot be sorted by {type(key).__name__}")
    return cursor.write(search.sort, newest_first=search.newest_first, place=cursor.Place(key, last.id))


def _time(key: cursor.Key) -> datetime:
    try:
        return from_text(str(key)).replace(tzinfo=None)
    except (ValueError, OverflowError) as error:
        raise InputError("this is not the place of a next page; begin again with the first page") from error
