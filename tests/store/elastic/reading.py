"""Events on a real server without the writing side, for tests of the reading side."""

import json
import urllib.error
import urllib.request
import uuid
from collections.abc import Sequence
from typing import Any

import orjson

from sentinel.model.record import Record
from sentinel.store.elastic.capabilities import detect
from sentinel.store.elastic.client import Connection, connect, hosts
from sentinel.store.elastic.document import to_document
from sentinel.store.elastic.expire import Expirer
from sentinel.store.elastic.find import Finder
from sentinel.store.elastic.streams import stream
from sentinel.store.elastic.templates import install
from tests.live.servers.elastic import ElasticServer


class Reading:
    """A namespace of its own on a server."""

    def __init__(self, server: ElasticServer) -> None:
        self.url, self._folder = server.url, server.folder
        self.namespace = uuid.uuid4().hex[:12]
        self.client = connect(Connection(hosts=hosts(f"elastic+{server.url}"), timeout_seconds=30))
        self.capabilities = detect(self.client)
        install(self.client, self.capabilities)
        self.finder = Finder(self.client, self.namespace)
        self.expirer = Expirer(self.client, self.namespace)

    def add(self, *records: Record) -> None:
        """Store records, searchable at once."""
        lines = []
        for each in records:
            document = to_document(each)
            place = stream(document.dataset, self.namespace)
            lines += [orjson.dumps({"create": {"_index": place, "_id": document.id}}), document.source]
        answer = self.ask("POST", "/_bulk?refresh=true&require_data_stream=true", b"\n".join([*lines, b""]))
        assert [item["create"]["status"] for item in answer["items"]] == [201] * len(records), answer["items"]

    def roll_over(self, family: str = "linux") -> str:
        """Begin a new backing index; return the name of the old one."""
        return str(self.ask("POST", f"/logs-sentinel.{family}-{self.namespace}/_rollover")["old_index"])

    def indices(self) -> Sequence[str]:
        """Return the backing indices of all streams."""
        found = self.ask("GET", f"/_resolve/index/logs-sentinel.*-{self.namespace}")["data_streams"]
        return [index for each in found for index in each["backing_indices"]]

    def make_red(self, index: str) -> None:
        """Damage the files of an index that is written to no more, so that its shard cannot be opened."""
        identity = self.ask("GET", f"/{index}/_settings/index.uuid?flat_settings=true")[index]["settings"]["index.uuid"]
        self.ask("POST", f"/{index}/_flush?force=true")
        assert self.ask("POST", f"/{index}/_close")["acknowledged"]
        files = list(self._folder.glob(f"**/indices/{identity}/0/index/segments_*"))
        assert files
        for file in files:
            file.write_bytes(b"damaged")
        self.ask("POST", f"/{index}/_open?wait_for_active_shards=0")

    def ask(self, method: str, path: str, body: object = None) -> Any:
        """Ask the server without the client; an error is an answer."""
        data = body if isinstance(body, bytes) else orjson.dumps(body) if body is not None else None
        kind = "application/x-ndjson" if isinstance(body, bytes) else "application/json"
        request = urllib.request.Request(self.url + path, method=method, data=data, headers={"Content-Type": kind})
        try:
            with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            return json.load(error)

    def close(self) -> None:
        self.finder.close()
        self.client.close()
