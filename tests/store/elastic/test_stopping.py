"""A search that nobody waits for any more is ended on the server, and one that takes too long is no answer."""

import json
import threading
import urllib.parse
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest

from sentinel.errors import UnavailableError
from sentinel.store import StoppedError
from sentinel.store.elastic.client import Connection, connect, hosts
from sentinel.store.elastic.find import Finder
from tests.live.servers.elastic import ElasticServer
from tests.store.elastic.reading import Reading
from tests.store.examples import city, record
from tests.waiting import until


class SlowElastic(ThreadingHTTPServer):
    """Its searches end when they are cancelled, and not before."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.running: dict[str, threading.Event] = {}
        self.answer: dict[str, Any] | None = None
        """What a search is answered at once; None: it waits to be cancelled."""


class _Handler(BaseHTTPRequestHandler):
    server: SlowElastic
    protocol_version = "HTTP/1.1"

    def log_message(self, *_arguments: object) -> None:
        """Keep quiet."""

    def do_GET(self) -> None:
        tasks = [
            {"node": "n", "id": number, "headers": {"X-Opaque-Id": mark}}
            for number, mark in enumerate(self.server.running)
        ]
        self._send(200, {"tasks": tasks})

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers.get("Content-Length", 0)))
        path = urllib.parse.unquote(self.path)
        if path.startswith("/_tasks/n:") and path.endswith("/_cancel"):
            list(self.server.running.values())[int(path.split(":")[1].split("/")[0])].set()
            self._send(200, {})
        elif self.server.answer is not None:
            self._send(200, self.server.answer)
        else:
            cancelled = self.server.running.setdefault(self.headers["X-Opaque-Id"], threading.Event())
            cancelled.wait(30)
            self._send(400, {"error": {"type": "task_cancelled_exception", "reason": "by user request"}})

    def _send(self, status: int, body: object) -> None:
        data = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("X-Elastic-Product", "Elasticsearch")
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)


@pytest.fixture
def slow() -> Iterator[SlowElastic]:
    with SlowElastic() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


@pytest.fixture
def finder(slow: SlowElastic) -> Iterator[Finder]:
    client = connect(Connection(hosts=hosts(f"elastic+http://127.0.0.1:{slow.server_address[1]}")))
    made = Finder(client, "default")
    yield made
    made.close()
    client.close()


def test_who_leaves_ends_the_search_on_the_server(slow: SlowElastic, finder: Finder) -> None:
    stop = threading.Event()
    ended: list[Exception] = []

    def ask() -> None:
        try:
            finder.search(city(), stop)
        except StoppedError as error:
            ended.append(error)

    asking = threading.Thread(target=ask)
    asking.start()
    until(lambda: slow.running)
    stop.set()
    asking.join(20)
    assert len(ended) == 1
    assert [event.is_set() for event in slow.running.values()] == [True]


def test_an_answer_that_came_in_part_because_time_was_up_is_none(slow: SlowElastic, finder: Finder) -> None:
    slow.answer = {"timed_out": True, "hits": {"total": {"value": 1}, "hits": []}, "_shards": {"failed": 0}}
    with pytest.raises(UnavailableError, match="longer than"):
        finder.search(city())


@pytest.mark.live
@pytest.mark.slow
def test_a_real_server_answers_while_nobody_has_left(elastic: ElasticServer) -> None:
    place = Reading(elastic)
    place.add(record(1))
    assert place.finder.search(city(), threading.Event()).total == 1
    gone = threading.Event()
    gone.set()
    with pytest.raises(StoppedError):
        place.finder.search(city(), gone)
    place.close()
