"""An Elasticsearch that does wrong on purpose: real sockets, documents in memory, a script of faults.

It keeps what the real one keeps of our concern: ids are compared within one backing index only, and a rollover begins a
new one. Each bulk request takes the next fault from the script; without one it is served properly.
"""

import json
import re
import socket
import ssl
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from typing import Any, Self

Answer = dict[str, Any]
Fault = Callable[["Call"], None]
DOCUMENT = re.compile(r"/(?P<index>[^/]+)/_doc/(?P<id>[^/?]+)")


class Call:
    """One request, with the ways to answer it."""

    def __init__(self, handler: "_Handler", fake: "FakeElastic", body: bytes) -> None:
        self.handler, self.fake, self.body = handler, fake, body
        self.headers = {"X-Elastic-Product": "Elasticsearch", "Content-Type": "application/json"}

    def documents(self) -> list[tuple[str, str, Any]]:
        """Return stream, id and source of a bulk request."""
        lines = self.body.splitlines()
        actions = [json.loads(line)["create"] for line in lines[::2]]
        return [(a["_index"], a["_id"], json.loads(s)) for a, s in zip(actions, lines[1::2], strict=True)]

    def store(self, verdicts: Mapping[str, Answer] | None = None) -> Answer:
        """Store the documents, except those with a verdict of their own; return the answer to give."""
        items = [
            (verdicts or {}).get(i) or self.fake.create(stream, i, source) for stream, i, source in self.documents()
        ]
        return {
            "took": 1,
            "errors": any(item["status"] >= 300 for item in items),
            "items": [{"create": i} for i in items],
        }

    def answer(self, status: int, body: object) -> None:
        self.send(status, json.dumps(body).encode())

    def send(self, status: int, body: bytes, *, claimed: int | None = None) -> None:
        """Send an answer; `claimed` is the length it says it has."""
        self.handler.send_response(status)
        for name, value in self.headers.items():
            self.handler.send_header(name, value)
        self.handler.send_header("Content-Length", str(len(body) if claimed is None else claimed))
        self.handler.end_headers()
        self.handler.wfile.write(body)
        self.handler.wfile.flush()

    def cut(self) -> None:
        """Close the connection."""
        self.handler.close_connection = True
        self.handler.connection.shutdown(socket.SHUT_RDWR)


class FakeElastic:
    """The server. `script` says what goes wrong with the next bulk requests, `broken` what does with all reads."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.secret = ""
        """What the header Authorization must say, where it must say something."""
        self.script: deque[Fault | None] = deque()
        self.broken: Fault | None = None
        self.most_bytes = 100_000_000
        self.versions = ["8.19.0"]
        """One for each node."""
        self.modules: list[str] = []
        """Paths that something answers at, beyond the core."""
        self.known_words: list[str] = []
        """What templates may have, beyond the core."""
        self.templates: dict[str, Any] = {}
        self.indices: dict[str, list[dict[str, Any]]] = defaultdict(lambda: [{}])
        """By stream its backing indices, oldest first."""
        self.bulks: list[int] = []
        """Documents in each bulk request."""
        self.paths: list[str] = []
        self._lock = threading.Lock()
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
        self._server.fake = self  # type: ignore[attr-defined]
        self._server.daemon_threads = True
        self._scheme = "http"
        if tls is not None:
            self._scheme = "https"
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))

    @property
    def url(self) -> str:
        return f"{self._scheme}://127.0.0.1:{self._server.server_address[1]}"

    @property
    def stored(self) -> list[str]:
        """Every stored id, as often as it is stored."""
        return sorted(i for parts in self.indices.values() for part in parts for i in part)

    def create(self, stream: str, identity: str, source: object) -> Answer:
        with self._lock:
            part = self.indices[stream][-1]
            if identity in part:
                return {"status": 409, "error": {"type": "version_conflict_engine_exception", "reason": "exists"}}
            part[identity] = source
            return {"status": 201}

    def rollover(self) -> None:
        """Begin a new backing index in every stream."""
        with self._lock:
            for parts in self.indices.values():
                parts.append({})

    def serve(self, call: Call) -> None:
        path = call.handler.path
        self.paths.append(f"{call.handler.command} {path}")
        if self.secret and call.handler.headers["Authorization"] != self.secret:
            refuse(401, "security_exception", "unable to authenticate")(call)
        elif path.startswith("/_bulk"):
            self._bulk(call)
        elif self.broken is not None:
            self.broken(call)
        elif path.startswith(("/_nodes", "/_data_stream", "/_ilm")):
            self._about(call)
        elif "_template" in path:
            self._template(call)
        elif "/_refresh" in path:
            call.answer(200, {"_shards": {"total": 1, "successful": 1, "failed": 0}})
        elif "/_search" in path:
            call.answer(200, self._search(json.loads(call.body)))
        elif match := DOCUMENT.match(path):
            call.answer(200, {"result": self._delete(match["index"], match["id"])})
        else:
            call.answer(404, {"error": {"type": "unknown", "reason": path}, "status": 404})

    def _about(self, call: Call) -> None:
        """Answer questions about what there is."""
        if call.handler.path.startswith("/_nodes"):
            call.answer(200, {"nodes": {str(n): {"version": each} for n, each in enumerate(self.versions)}})
        elif call.handler.path.startswith(tuple(self.modules)):
            call.answer(404, {"error": {"type": "resource_not_found_exception", "reason": "none"}, "status": 404})
        else:
            call.answer(405, {"error": "Incorrect HTTP method", "status": 405})

    def _template(self, call: Call) -> None:
        path = call.handler.path
        if path.endswith("_simulate"):
            is_known = not self.known_words or any(each in call.body.decode() for each in self.known_words)
            call.answer(200 if is_known else 400, {})
        elif call.handler.command == "PUT":
            self.templates[path] = json.loads(call.body)
            call.answer(200, {"acknowledged": True})
        else:
            kind = path.split("/")[1].removeprefix("_")
            there = [{"name": name.split("/")[2], kind: body} for name, body in self.templates.items() if kind in name]
            call.answer(200 if there else 404, {f"{kind}s": there})

    def _bulk(self, call: Call) -> None:
        if len(call.body) > self.most_bytes:
            call.send(413, b"")
            return
        self.bulks.append(len(call.documents()))
        fault = self.script.popleft() if self.script else None
        if fault is not None:
            fault(call)
        else:
            call.answer(200, call.store())

    def _search(self, asked: Answer) -> Answer:
        wanted = set(asked["query"]["ids"]["values"])
        with self._lock:
            hits = [
                {"_index": f".ds-{stream}-2026.11.23-{number:06d}", "_id": identity}
                | ({"_source": source} if asked["_source"] else {})
                for stream, parts in self.indices.items()
                for number, part in enumerate(parts, 1)
                for identity, source in part.items()
                if identity in wanted
            ]
        shards = {"total": 1, "successful": 1, "failed": 0}
        return {"timed_out": False, "_shards": shards, "hits": {"total": {"value": len(hits)}, "hits": hits}}

    def _delete(self, index: str, identity: str) -> str:
        stream, _, number = index.removeprefix(".ds-").rpartition("-2026.11.23-")
        with self._lock:
            return "deleted" if self.indices[stream][int(number) - 1].pop(identity, None) else "not_found"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_: object) -> None:
        """Say nothing."""

    def do_POST(self) -> None:
        fake: FakeElastic = self.server.fake  # type: ignore[attr-defined]
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        try:
            fake.serve(Call(self, fake, body))
        except OSError:
            self.close_connection = True

    do_GET = do_POST  # noqa: N815 - names that the base class looks for
    do_DELETE = do_POST  # noqa: N815
    do_PUT = do_POST  # noqa: N815


def refuse(status: int, kind: str = "", reason: str = "on purpose") -> Fault:
    """Answer the whole request with an error; nothing is stored."""

    def fault(call: Call) -> None:
        call.answer(status, {"error": {"type": kind, "reason": reason}, "status": status})

    return fault


def some(verdicts: Mapping[str, Answer]) -> Fault:
    """Store the documents, except those with a verdict of their own."""

    def fault(call: Call) -> None:
        call.answer(200, call.store(verdicts))

    return fault


def error(status: int, kind: str, reason: str = "on purpose") -> Answer:
    """Return the answer to one document."""
    return {"status": status, "error": {"type": kind, "reason": reason}}


def every(verdict: Answer) -> Fault:
    """Give all documents the same verdict and store none."""

    def fault(call: Call) -> None:
        call.answer(200, call.store({identity: verdict for _, identity, _ in call.documents()}))

    return fault


def cut_before(call: Call) -> None:
    """Close the connection and store nothing."""
    call.cut()


def commit_then_cut(call: Call) -> None:
    """Store everything and close the connection without an answer."""
    call.store()
    call.cut()


def commit_half_then_cut(call: Call) -> None:
    """Store every second document and close the connection without an answer."""
    call.store({identity: error(429, "cut") for _, identity, _ in call.documents()[::2]})
    call.cut()


def half_an_answer(call: Call) -> None:
    """Store everything and break off in the middle of the answer."""
    body = json.dumps(call.store()).encode()
    call.send(200, body[: len(body) // 2], claimed=len(body))
    call.cut()


def answer_without_the_last(call: Call) -> None:
    """Store everything and leave one document out of the answer."""
    body = call.store()
    body["items"].pop()
    call.answer(200, body)


def not_json(call: Call) -> None:
    """Answer like a proxy with a page of its own."""
    call.headers["Content-Type"] = "text/html"
    call.send(200, b"<html>Please sign in</html>")


def wrong_product(call: Call) -> None:
    """Answer like OpenSearch."""
    del call.headers["X-Elastic-Product"]
    call.answer(200, call.store() if call.body else {})


def drip(call: Call) -> None:
    """Store everything and answer a byte at a time, for ever."""
    call.store()
    call.send(200, b"{", claimed=1_000_000)
    gone = threading.Event()
    while not gone.wait(0.02):
        call.handler.wfile.write(b" ")
        call.handler.wfile.flush()


def red(call: Call) -> None:
    """Answer a read as an index without its primary shard does."""
    refuse(503, "search_phase_execution_exception", "Search rejected due to missing shards")(call)
