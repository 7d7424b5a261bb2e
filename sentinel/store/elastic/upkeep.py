"""What keeps the streams healthy: a new backing index in time, where the server does not make one itself."""

from typing import TYPE_CHECKING, Any

from sentinel.store.elastic.capabilities import Capabilities
from sentinel.store.elastic.client import explained
from sentinel.store.elastic.streams import pattern
from sentinel.store.elastic.templates import MAX_AGE, MAX_DOCUMENTS, MAX_SHARD

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

_JSON = {"accept": "application/json", "content-type": "application/json"}
MAX_TROUBLES = 50


class Upkeep:
    """The streams of one namespace."""

    def __init__(self, client: "Elasticsearch", namespace: str) -> None:
        self._client = client
        self._pattern = pattern(namespace)

    def streams(self) -> list[str]:
        """Return the data streams that exist."""
        path = f"/_resolve/index/{self._pattern}?ignore_unavailable=true&allow_no_indices=true"
        found = self._ask("GET", path).get("data_streams", [])
        return sorted(str(stream["name"]) for stream in found)

    def roll_over(self, capabilities: Capabilities) -> None:
        """Begin a new backing index in each stream whose newest is large or old; nothing where the server does that."""
        if capabilities.lifecycle or capabilities.ilm:
            return
        with explained("begin new backing indices"):
            for stream in self.streams():
                conditions = {
                    "max_primary_shard_size": MAX_SHARD, "max_age": MAX_AGE, "max_primary_shard_docs": MAX_DOCUMENTS,
                    "min_docs": 1,
                }  # fmt: skip
                self._ask("POST", f"/{stream}/_rollover", {"conditions": conditions})

    def ignored(self) -> int:
        """Return how many stored documents have a field that Elasticsearch did not index (`_ignored`)."""
        with explained("count ignored fields"):
            path = f"/{self._pattern}/_count?ignore_unavailable=true&allow_no_indices=true"
            return int(self._ask("POST", path, {"query": {"exists": {"field": "_ignored"}}})["count"])

    def troubles(self) -> list[str]:
        """Return a sentence for each index that cannot be read in full; raise `UnavailableError` without an answer."""
        with explained("ask about the health of the event streams"):
            path = f"/_cluster/health/{self._pattern}?level=indices&expand_wildcards=all&timeout=1s"
            indices = self._ask("GET", path).get("indices", {})
        found = [
            f"index {name} is red: {health.get('unassigned_shards')} shards are missing, and their events with them"
            for name, health in sorted(indices.items())
            if health.get("status") == "red"
        ]
        return found[:MAX_TROUBLES]

    def _ask(self, method: str, path: str, body: object = None) -> dict[str, Any]:
        answer: dict[str, Any] = self._client.perform_request(method, path, headers=_JSON, body=body).body
        return answer
