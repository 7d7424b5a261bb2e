"""Deletes from the streams what is past its time: whole backing indices where nothing in them stays, else documents.

How long a record has been stored counts from when its backing index was followed by the next one, which is not sooner
than when it was stored; in the newest index of a stream it counts from now.
"""

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import orjson

from sentinel.errors import UnavailableError
from sentinel.model.moment import now, to_text
from sentinel.store import Stop, go_on
from sentinel.store.elastic.clauses import NOTHING, Clause, either
from sentinel.store.elastic.client import explained
from sentinel.store.elastic.streams import pattern
from sentinel.store.expiry import Expired, Expiry, Held, covers, together

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

log = logging.getLogger(__name__)

TIME, DATASET, AGENCY = "@timestamp", "event.dataset", "organization.id"
MAX_DATASETS = 10_000
"""In one backing index."""
PAGE = 5_000
"""Documents deleted by one request."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_JSON = {"accept": "application/json", "content-type": "application/json"}
_LINES = {"accept": "application/json", "content-type": "application/x-ndjson"}


@dataclass(frozen=True, slots=True)
class Part:
    """A backing index of which something goes."""

    index: str
    due: tuple[str, ...]
    """Datasets whose time is over."""
    goes: tuple[Expired, ...]
    is_whole: bool
    """Nothing of it stays, nor is it written to: the index itself goes."""


class Expirer:
    """Carries out orders to delete in the streams of one namespace. Safe to kill: the next order goes on."""

    def __init__(self, client: "Elasticsearch", namespace: str, clock: Callable[[], datetime] = now) -> None:
        self._client = client
        self._clock = clock
        self._pattern = pattern(namespace)

    def plan(self, expiry: Expiry) -> list[Part]:
        """Return what would go, index by index; raise `UnavailableError` where one cannot be read in full."""
        with explained("look for events whose time is over"):
            parts = [
                self._part(index, ended, is_written=is_written, expiry=expiry)
                for index, ended, is_written in self._indices()
                if ended < expiry.latest()
            ]
        return [part for part in parts if part is not None]

    def carry_out(self, expiry: Expiry, stop: Stop | None = None) -> list[Expired]:
        """Delete, and return what has gone by dataset."""
        gone: list[Expired] = []
        for part in self.plan(expiry):
            go_on(stop)
            with explained(f"delete events of {part.index}; the privileges `delete` and `delete_index` are needed"):
                if part.is_whole:
                    self._ask("DELETE", f"/{part.index}")
                else:
                    self._delete(part, expiry.holds, stop)
            log.info("Deleted expired events.", extra={"index": part.index, "whole": part.is_whole})
            gone += part.goes
        return together(gone)

    def _indices(self) -> Iterator[tuple[str, str, bool]]:
        """Yield every backing index, a time when all in it was stored, and whether it is written to."""
        loose = "ignore_unavailable=true&allow_no_indices=true"
        streams = self._ask("GET", f"/_resolve/index/{self._pattern}?{loose}").get("data_streams", [])
        settings = self._ask("GET", f"/{self._pattern}/_settings/index.creation_date?flat_settings=true&{loose}")
        for stream in streams:
            indices = [str(index) for index in stream["backing_indices"]]
            for index, following in pairwise(indices):
                begun = int(settings[following]["settings"]["index.creation_date"])
                yield index, to_text(_EPOCH + timedelta(milliseconds=begun)), False
            yield indices[-1], to_text(self._clock()), True

    def _part(self, index: str, ended: str, *, is_written: bool, expiry: Expiry) -> Part | None:
        """Return what goes of an index whose last record was stored before `ended`."""
        names = [bucket["key"] for bucket in self._datasets(index, {"match_all": {}})]
        due = tuple(name for name in names if ended < expiry.cutoff(name))
        if not due:
            return None
        goes = tuple(
            Expired(
                dataset=bucket["key"],
                records=bucket["doc_count"],
                first_at=_time(bucket["first"]),
                last_at=_time(bucket["last"]),
            )
            for bucket in self._datasets(index, going(due, expiry.holds))
        )
        total = int(self._search(index, {"size": 0, "track_total_hits": True})["hits"]["total"]["value"])
        is_all = sum(each.records for each in goes) == total
        return Part(index, due, goes, is_whole=is_all and not is_written) if goes else None

    def _datasets(self, index: str, wanted: Clause) -> list[dict[str, Any]]:
        def end(order: str) -> dict[str, Any]:
            return {"top_hits": {"size": 1, "sort": [{TIME: order}], "_source": [TIME]}}

        counted = {"terms": {"field": DATASET, "size": MAX_DATASETS, "missing": ""}}
        body = {
            "size": 0,
            "query": wanted,
            "aggs": {"datasets": {**counted, "aggs": {"first": end("asc"), "last": end("desc")}}},
        }
        found = self._search(index, body)["aggregations"]["datasets"]
        if found["sum_other_doc_count"]:
            raise UnavailableError(f"{index} holds events of more than {MAX_DATASETS} datasets; it is left as it is")
        buckets: list[dict[str, Any]] = found["buckets"]
        return buckets

    def _delete(self, part: Part, holds: Sequence[Held], stop: Stop | None) -> None:
        body = {"query": going(part.due, holds), "size": PAGE, "_source": False, "sort": ["_doc"]}
        while hits := self._search(part.index, body)["hits"]["hits"]:
            go_on(stop)
            lines = [orjson.dumps({"delete": {"_index": part.index, "_id": hit["_id"]}}) for hit in hits]
            path = "/_bulk?refresh=true&filter_path=items.*.status,items.*.error.reason"
            answer = self._client.perform_request("POST", path, headers=_LINES, body=b"\n".join([*lines, b""])).body
            for item in answer["items"]:
                if item["delete"]["status"] not in (200, 404):
                    reason = item["delete"].get("error", {}).get("reason", "no reason given")
                    raise UnavailableError(f"cannot delete events of {part.index}: {reason}")

    def _search(self, index: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self._ask("POST", f"/{index}/_search?allow_partial_search_results=false", body)
        if answer.get("timed_out") or answer["_shards"]["failed"]:
            raise UnavailableError(f"{index} cannot be read in full; it is left as it is")
        return answer

    def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        answer: dict[str, Any] = self._client.perform_request(method, path, headers=_JSON, body=body).body
        return answer


def going(due: Sequence[str], holds: Sequence[Held]) -> Clause:
    """Return that a record is of a dataset whose time is over, and not held."""
    held = [_held(due, each) for each in holds]
    return {"bool": {"filter": [_of(due)], "must_not": [clause for clause in held if clause != NOTHING]}}


def _held(due: Sequence[str], held: Held) -> Clause:
    names = [name for name in due if covers(held.dataset, name)]
    if not names:
        return NOTHING
    parts: list[Clause] = [{"range": {TIME: {"gte": held.start, "lt": held.end}}}, _of(names)]
    if held.agencies is not None:
        parts.append({"terms": {AGENCY: sorted(held.agencies)}})
    return {"bool": {"filter": parts}}


def _of(names: Sequence[str]) -> Clause:
    """Return that a record is of one of these datasets; an empty name means records without one."""
    found: list[Clause] = [{"terms": {DATASET: list(names)}}]
    if "" in names:
        found.append({"bool": {"must_not": [{"exists": {"field": DATASET}}]}})
    return either(found)


def _time(found: dict[str, Any]) -> str:
    return str(found["hits"]["hits"][0]["_source"][TIME])
