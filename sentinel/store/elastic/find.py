"""Finds records in Elasticsearch: pages, histograms, most frequent values, single records, and all that match."""

from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING, Any

from sentinel.errors import InputError, UnavailableError
from sentinel.model.agency import Scope
from sentinel.model.ecs import TYPES
from sentinel.model.record import Record
from sentinel.model.search import Bucket, Found, Search
from sentinel.store import Stop, cursor
from sentinel.store.bounds import MAX_RECORDS, check
from sentinel.store.buckets import fill, width_seconds
from sentinel.store.elastic import ranking
from sentinel.store.elastic.asking import Asking, failures
from sentinel.store.elastic.clauses import NOTHING, Clause
from sentinel.store.elastic.document import document_id, to_record
from sentinel.store.elastic.mapping import RAW_VALUES
from sentinel.store.elastic.streams import pattern
from sentinel.store.elastic.translate import query, scope_clause
from sentinel.store.values import as_address

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

TIME, EVENT_ID = "@timestamp", "event.id"
SCAN_PAGE = 1_000
KEEP_ALIVE = "5m"
"""A scan may rest so long between two pages."""


class Finder:
    """Reads the streams of one namespace; safe for many threads."""

    def __init__(self, client: "Elasticsearch", namespace: str) -> None:
        self._asking = Asking(client, pattern(namespace))

    def search(self, search: Search, stop: Stop | None = None) -> Found:
        """Return the answer to a search; `Found.unreadable` counts the shards that could not be searched.

        Raises `InputError` for a wrong query or a page too far, `StoppedError`, and `UnavailableError` where nothing
        could be searched.
        """
        check(search)
        wanted = query(search)
        body = {"query": wanted, "track_total_hits": True, **_page(search)}
        body["aggs"] = ranking.aggregations(search.top, max(ranking.FEW, search.top_values))
        if wanted == NOTHING:
            return Found(0, (), top=dict.fromkeys(search.top, ()))
        width = self._width(search, wanted, stop) if search.histogram_buckets > 0 else 0
        if width:
            body["aggs"]["histogram"] = {
                "date_histogram": {"field": TIME, "fixed_interval": f"{width}s", "min_doc_count": 1}
            }
        answer = self._asking.search(body, stop)
        hits = answer["hits"]["hits"]
        limit = _limit(search)
        return Found(
            total=int(answer["hits"]["total"]["value"]),
            records=tuple(to_record(hit["_source"]) for hit in hits[:limit]),
            buckets=_bars(answer, width, search),
            unreadable=failures(answer),
            next=_next(search, hits[limit - 1]["sort"]) if len(hits) > limit > 0 else "",
            top={field: self._top(search, wanted, place, answer, stop) for place, field in enumerate(search.top)},
        )

    def get(self, record_id: str, scope: Scope) -> Record | None:
        """Return the record, whichever backing index holds it; None where there is none in scope."""
        wanted: Clause = {"bool": {"filter": [{"ids": {"values": [document_id(record_id)]}}, scope_clause(scope)]}}
        answer = self._asking.search({"query": wanted, "size": 1})
        if hits := answer["hits"]["hits"]:
            return to_record(hits[0]["_source"])
        if failed := failures(answer):
            raise UnavailableError(f"{failed} parts of the store cannot be read, and the event may lie there")
        return None

    def scan(self, search: Search, stop: Stop | None = None) -> Iterator[Record]:
        """Yield all that matches, oldest first, as it is when the first is asked for; `limit` and `offset` are ignored.

        Raises `UnavailableError` when a part cannot be read, and `StoppedError` where `stop` was set: what was yielded
        until then is not all.
        """
        wanted = query(search)
        if wanted == NOTHING:
            return
        body: dict[str, Any] = {
            "query": wanted, "size": SCAN_PAGE, "sort": [{TIME: "asc"}, {EVENT_ID: "asc"}], "track_total_hits": False,
        }  # fmt: skip
        view = self._asking.open_point_in_time(KEEP_ALIVE)
        try:
            while True:
                answer = self._asking.search_in(view, KEEP_ALIVE, body, stop)
                view = answer.get("pit_id", view)
                hits = answer["hits"]["hits"]
                for hit in hits:
                    yield to_record(hit["_source"])
                if len(hits) < SCAN_PAGE:
                    return
                body["search_after"] = hits[-1]["sort"]
        finally:
            self._asking.close_point_in_time(view)

    def close(self) -> None:
        """End the threads."""
        self._asking.close()

    def _width(self, search: Search, wanted: Clause, stop: Stop | None) -> int:
        """Return the seconds of a bar, 0 where there is nothing to show."""
        span = (0, 0)
        if search.start is None or search.end is None:
            ends = [self._end(wanted, order, stop) for order in ("asc", "desc")]
            if ends[0] is None or ends[1] is None:
                return 0
            span = (ends[0], ends[1])
        return width_seconds(search.start, search.end, span, search.histogram_buckets)

    def _end(self, wanted: Clause, order: str, stop: Stop | None) -> int | None:
        """Return the first or last time found, in microseconds."""
        body = {"query": wanted, "size": 1, "_source": False, "sort": [{TIME: order}], "track_total_hits": False}
        hits = self._asking.search(body, stop)["hits"]["hits"]
        return int(hits[0]["sort"][0]) // 1_000 if hits else None

    def _top(
        self, search: Search, wanted: Clause, place: int, answer: Mapping[str, Any], stop: Stop | None
    ) -> ranking.Ranking:
        field, count = search.top[place], max(0, search.top_values)
        found = ranking.ranked(field, place, answer.get("aggregations", {}), count)
        if found is None:
            body = {"query": wanted, "size": 0, "aggs": ranking.aggregations((field,), ranking.MANY)}
            found = ranking.ranked(field, 0, self._asking.search(body, stop)["aggregations"], count)
        if found is None:
            raise UnavailableError(
                f"{field} has too many different values to say exactly which are most frequent; narrow the time range"
            )
        return found


def _page(search: Search) -> dict[str, Any]:
    """Return which records are asked for, in which order: one more than the page has, to know whether more follow."""
    order = "desc" if search.newest_first else "asc"
    limit = _limit(search)
    page: dict[str, Any] = {
        "size": limit + 1 if limit else 0,
        "sort": [_sorted_by(search.sort, order), {EVENT_ID: {"order": order}}],
    }
    if search.after:
        page["search_after"] = _after(search)
    else:
        page["from"] = max(0, search.offset)
    return page


def _after(search: Search) -> list[Any]:
    """Return the sort values that the page begins after; raise `InputError` for such as no page of ours ends with."""
    last = cursor.read(search.after, search.sort, newest_first=search.newest_first)
    kind = TYPES.get(search.sort, "keyword")
    if not _KEYS[kind](last.key):
        raise InputError("this is not the place of a next page; begin again with the first page")
    return [last.key, last.id]


def _is_integer(key: cursor.Key) -> bool:
    return isinstance(key, int) and -(2**63) <= key < 2**63


def _is_number(key: cursor.Key) -> bool:
    return isinstance(key, float) or _is_integer(key) or key in ("Infinity", "-Infinity")


def _is_text(key: cursor.Key) -> bool:
    return key is None or isinstance(key, str)


def _is_address(key: cursor.Key) -> bool:
    return key is None or as_address(key) is not None


_KEYS: dict[str, Callable[[cursor.Key], bool]] = {
    "long": _is_integer, "boolean": _is_integer, "date": _is_integer, "float": _is_number, "ip": _is_address,
    "keyword": _is_text,
}  # fmt: skip
"""By type of the field sorted by: what Elasticsearch gives as the sort value of a record, with it or without."""


def _next(search: Search, values: list[Any]) -> str:
    place = cursor.Place(values[0], str(values[1]))
    return cursor.write(search.sort, newest_first=search.newest_first, place=place)


def _sorted_by(field: str, order: str) -> dict[str, Any]:
    kind = TYPES.get(field)
    if kind is None:
        return {f"{RAW_VALUES}.{field}": {"order": order, "missing": "_last"}}
    types = {"float": "double", "date": "date_nanos"}
    return {field: {"order": order, "missing": "_last", "unmapped_type": types.get(kind, kind)}}


def _limit(search: Search) -> int:
    return max(0, min(search.limit, MAX_RECORDS))


def _bars(answer: Mapping[str, Any], width: int, search: Search) -> tuple[Bucket, ...]:
    bars = answer.get("aggregations", {}).get("histogram", {}).get("buckets", [])
    if not bars:
        return ()
    counts = {int(bar["key"]) // (width * 1_000): int(bar["doc_count"]) for bar in bars}
    return fill(counts, width * 1_000_000, search.start, search.end)
