"""Asks Elasticsearch for answers: complete ones, in time, and no longer than somebody waits for them."""

import json
import logging
import secrets
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor, wait
from typing import TYPE_CHECKING, Any

from sentinel.errors import InputError, UnavailableError
from sentinel.store import Stop, StoppedError
from sentinel.store.elastic.client import explained

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

log = logging.getLogger(__name__)

TIMEOUT_SECONDS = 50
"""What the server may take for one search; the client waits a little longer."""
MAX_ASKING = 32
"""Searches under way at once that somebody may stop."""
LOOK_SECONDS = 0.05
"""How soon it is noticed that nobody waits any more."""
MAX_CANCELS = 20
"""Times a search is asked for to be stopped; then it goes on to its own end."""
_JSON = {"accept": "application/json", "content-type": "application/json"}
_LOOSE = "ignore_unavailable=true&allow_no_indices=true"

_TOO_MUCH = (
    "Determinizing", "automaton is too large", "too_many_clauses", "too_many_nested_clauses", "max_clause_count",
    "maxClauseCount",
)  # fmt: skip
"""In errors about a query that would cost the server too much."""
_FORBIDDEN = "allow_expensive_queries"


class Asking:
    """One Elasticsearch, seen from the reading side."""

    def __init__(self, client: "Elasticsearch", pattern: str) -> None:
        """Take the expression that names all our data streams."""
        self._client = client
        self._pattern = pattern
        self._threads = ThreadPoolExecutor(MAX_ASKING, thread_name_prefix="elastic-search")

    def search(self, body: Mapping[str, Any], stop: Stop | None = None) -> dict[str, Any]:
        """Return the answer to a search over all our streams; what shards failed is in its `_shards`.

        Raises `InputError` for a query that costs too much, `StoppedError` where `stop` was set meanwhile, and
        `UnavailableError` where nothing could be searched or not in time.
        """
        return self._ask(f"/{self._pattern}/_search?{_LOOSE}&allow_partial_search_results=true", body, stop)

    def search_in(
        self, point_in_time: str, keep_alive: str, body: Mapping[str, Any], stop: Stop | None
    ) -> dict[str, Any]:
        """Return the answer to a search in a point in time, which then lives for `keep_alive` more; never a part."""
        body = {**body, "pit": {"id": point_in_time, "keep_alive": keep_alive}}
        answer = self._ask("/_search?allow_partial_search_results=false", body, stop)
        if failed := failures(answer):
            raise UnavailableError(f"{failed} parts of the store cannot be read; see the health of Elasticsearch")
        return answer

    def open_point_in_time(self, keep_alive: str) -> str:
        """Return the id of a view of all streams as they are now."""
        with explained("search the events"):
            path = f"/{self._pattern}/_pit?keep_alive={keep_alive}&{_LOOSE}"
            return str(self._client.perform_request("POST", path, headers=_JSON).body["id"])

    def close_point_in_time(self, identity: str) -> None:
        """Let go of a view; where that fails it ends by itself when it was kept alive for long enough."""
        try:
            with explained("end a search"):
                self._client.options(ignore_status=404).perform_request(
                    "DELETE", "/_pit", headers=_JSON, body={"id": identity}
                )
        except UnavailableError as error:
            log.warning("A search could not be ended; Elasticsearch will do so.", extra={"reason": str(error)})

    def close(self) -> None:
        """End the threads; what is under way goes on for nobody."""
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _ask(self, path: str, body: Mapping[str, Any], stop: Stop | None) -> dict[str, Any]:
        body = {**body, "timeout": f"{TIMEOUT_SECONDS}s"}
        answer = self._request(path, body, {}) if stop is None else self._stoppable(path, body, stop)
        if answer.get("timed_out"):
            raise UnavailableError(
                f"the search took longer than {TIMEOUT_SECONDS} seconds; narrow the time range or name a field"
            )
        return answer

    def _stoppable(self, path: str, body: Mapping[str, Any], stop: Stop) -> dict[str, Any]:
        mark = f"sentinel-{secrets.token_hex(8)}"
        coming = self._threads.submit(self._request, path, body, {"x-opaque-id": mark})
        while not stop.is_set():
            if wait([coming], LOOK_SECONDS).done:
                return coming.result()
        for _ in range(MAX_CANCELS):
            # It may be on its way to the server, which does not know it yet.
            if coming.cancel() or wait([coming], LOOK_SECONDS).done:
                break
            self._cancel(mark)
        raise StoppedError("the search was stopped, because nobody waits for its answer")

    def _cancel(self, mark: str) -> None:
        """End a search on the server; it may have ended by itself meanwhile."""
        path = "/_tasks?actions=indices:data/read/search&group_by=none"
        try:
            with explained("stop a search"):
                tasks = self._client.perform_request("GET", path, headers=_JSON).body.get("tasks", [])
                for task in tasks:
                    if task.get("headers", {}).get("X-Opaque-Id") == mark:
                        self._client.options(ignore_status=404).perform_request(
                            "POST", f"/_tasks/{task['node']}:{task['id']}/_cancel", headers=_JSON
                        )
        except UnavailableError as error:
            log.warning("A search could not be stopped; it goes on to its end.", extra={"reason": str(error)})

    def _request(self, path: str, body: Mapping[str, Any], more_headers: Mapping[str, str]) -> dict[str, Any]:
        from elasticsearch import ApiError

        with explained("search the events"):
            try:
                answer = self._client.perform_request("POST", path, headers={**_JSON, **more_headers}, body=body)
            except ApiError as error:
                _refuse(error)
                raise
        found: dict[str, Any] = answer.body
        return found


def failures(answer: Mapping[str, Any]) -> int:
    """Return how many shards could not be searched."""
    return int(answer.get("_shards", {}).get("failed", 0))


def _refuse(error: Any) -> None:
    """Raise what a person can do something about, where the error is that."""
    said = json.dumps(error.body) if isinstance(error.body, dict) else str(error.body)
    if any(sign in said for sign in _TOO_MUCH):
        raise InputError(
            "query: a pattern or an expression in it fits too many words, or is too complex; write more of it out"
        ) from error
    if _FORBIDDEN in said:
        raise UnavailableError(
            "this Elasticsearch forbids wildcards, expressions and ranges on texts (search.allow_expensive_queries); "
            "search for whole values, or allow them there"
        ) from error
