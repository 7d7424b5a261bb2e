"""The requests that writing needs: send documents, ask which ids are stored and where, take one of two copies away."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Iterator, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from sentinel.errors import UnavailableError
from sentinel.store import RECEIVED
from sentinel.store.elastic.client import NOT_ELASTICSEARCH, explained, reason
from sentinel.store.elastic.outcome import Outcome, Verdict, read, wholesale

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

IDS_A_REQUEST = 2_000
HITS_A_REQUEST = 10_000
"""What a search returns at most; five copies of every id."""
_ANSWER = (
    "items.*.status,items.*.failure_store,items.*.error.type,items.*.error.reason,"
    "items.*.error.caused_by.type,items.*.error.caused_by.reason"
)
_JSON = {"accept": "application/json", "content-type": "application/json"}
_LINES = {"accept": "application/json", "content-type": "application/x-ndjson"}


class DivideError(Exception):
    """The server refuses a request as a whole: it is too large, or something in it cannot be read."""

    def __init__(self, reason: str, *, is_size: bool) -> None:
        super().__init__(reason)
        self.is_size = is_size


class Wire:
    """One Elasticsearch, seen from the writing side."""

    def __init__(self, client: "Elasticsearch", pattern: str, *, refresh: bool = False) -> None:
        """Take the expression that names all our data streams; `refresh` makes what is sent searchable at once."""
        self._client = client
        self._pattern = pattern
        # Without a template of ours a stream would become an index with guessed types; better nothing is written.
        self._bulk = f"/_bulk?require_data_stream=true&filter_path={_ANSWER}" + ("&refresh=true" if refresh else "")

    def send(self, lines: bytes, count: int) -> list[Verdict]:
        """Send `count` documents; return what became of each.

        Raises `DivideError` where they must be sent in smaller parts, and `UnavailableError` where sending again is of
        no use before somebody has mended something.
        """
        from elasticsearch import ApiError, TransportError, UnsupportedProductError

        try:
            answer = self._client.perform_request("POST", self._bulk, headers=_LINES, body=lines)
        except UnsupportedProductError as error:
            raise UnavailableError(f"cannot write events: {NOT_ELASTICSEARCH}") from error
        except ApiError as error:
            return [self._refused(error)] * count
        except TransportError as error:
            is_certain = _was_never_sent(error)
            return [Verdict(Outcome.AGAIN if is_certain else Outcome.UNCLEAR, f"no answer: {reason(error)}")] * count
        return read(answer.body, count)

    def where(self, ids: Collection[str]) -> dict[str, list[str]]:
        """Return those of `ids` that are stored, each with the backing indices that hold it, oldest first.

        All that was acknowledged before counts, searchable or not. Raises `UnavailableError` when not every shard
        answered: "not here" would be a guess.
        """
        found: dict[str, list[str]] = defaultdict(list)
        for hit in self._stored(ids):
            found[str(hit["_id"])].append(str(hit["_index"]))
        return {identity: sorted(indices, key=_generation) for identity, indices in found.items()}

    def received(self, ids: Collection[str]) -> dict[str, str]:
        """Return those of `ids` that are stored, each with its `event.ingested`; it raises what `where` does."""
        return {
            str(hit["_id"]): str(hit.get("_source", {}).get("event", {}).get("ingested", ""))
            for hit in self._stored(ids, RECEIVED)
        }

    def remove(self, copies: Iterable[tuple[str, str]]) -> None:
        """Delete documents, each given by backing index and id; one that is gone already is fine."""
        for index, identity in copies:
            with explained(f"delete the second copy of an event from {index}; the privilege `delete` is needed"):
                self._client.options(ignore_status=404).delete(index=index, id=identity, refresh=True)

    def _stored(self, ids: Collection[str], *fields: str) -> Iterator[dict[str, Any]]:
        """Yield what is stored under these ids, with some fields."""
        if not ids:
            return
        with explained("ask Elasticsearch which events it has"):
            self._refresh()
            remaining = iter(ids)
            while part := list(islice(remaining, IDS_A_REQUEST)):
                yield from self._hits(part, fields)

    def _refresh(self) -> None:
        path = f"/{self._pattern}/_refresh?ignore_unavailable=true&allow_no_indices=true"
        answer = self._client.perform_request("POST", path, headers=_JSON)
        _all_shards(answer.body)

    def _hits(self, ids: Sequence[str], fields: Sequence[str]) -> list[dict[str, Any]]:
        path = (
            f"/{self._pattern}/_search?ignore_unavailable=true&allow_no_indices=true"
            "&allow_partial_search_results=false&filter_path=timed_out,_shards,hits.total,hits.hits._id,hits.hits._index,hits.hits._source"
        )
        body = {
            "query": {"ids": {"values": list(ids)}},
            "_source": list(fields) or False,
            "size": HITS_A_REQUEST,
            "track_total_hits": True,
        }
        answer = self._client.perform_request("POST", path, headers=_JSON, body=body).body
        _all_shards(answer)
        hits: list[dict[str, Any]] = answer.get("hits", {}).get("hits", [])
        total = int(answer.get("hits", {}).get("total", {}).get("value", 0))
        if answer.get("timed_out") or total > len(hits):
            raise UnavailableError(f"Elasticsearch told {len(hits)} of {total} ids; it is asked again")
        return hits

    def _refused(self, error: Any) -> Verdict:
        status = int(error.status_code)
        body = error.body
        said = body.get("error") if isinstance(body, dict) else None
        kind = str(said.get("type", "")) if isinstance(said, dict) else ""
        verdict = wholesale(status, kind, reason(error))
        if status in (400, 413) and verdict.outcome is not Outcome.AGAIN:
            raise DivideError(verdict.reason, is_size=status == 413) from error
        if status in (401, 403) and kind != "cluster_block_exception":
            raise UnavailableError(f"cannot write events: Elasticsearch says {verdict.reason}") from error
        return verdict


def _all_shards(answer: Any) -> None:
    shards = answer.get("_shards", {})
    if shards.get("failed", 0):
        raise UnavailableError(f"{shards['failed']} of {shards.get('total')} shards of Elasticsearch cannot be read")


def _generation(index: str) -> tuple[str, str]:
    """Return what orders the backing indices `.ds-<stream>-<day>-<generation>` of a stream by age."""
    return index[-6:], index


def _was_never_sent(error: Any) -> bool:
    from urllib3.exceptions import NameResolutionError, NewConnectionError

    return any(isinstance(cause, NewConnectionError | NameResolutionError) for cause in error.errors)
