"""Slow clients on a real socket: heads and bodies that never end are refused, those that are slow but come are not."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import PlainTextResponse, Response, StreamingResponse
from starlette.routing import Route

from sentinel.web.limits import BodyLimit
from sentinel.web.patience import PatientProtocol
from tests.waiting import until

SECONDS = 0.5


class Impatient(PatientProtocol):
    head_seconds = read_seconds = SECONDS


async def measure(request: Request) -> Response:
    return PlainTextResponse(str(len(await request.body())))


async def endless(_: Request) -> Response:
    def pieces() -> Iterator[bytes]:
        while True:
            yield b"x" * 65_536

    return StreamingResponse(pieces())


@contextmanager
def listening() -> Iterator[tuple[str, int]]:
    app = BodyLimit(Starlette(routes=[Route("/api/x", measure, methods=["POST"])]), grace_seconds=SECONDS)
    # As in the application, the limit is below what turns its refusals into answers.
    whole = Starlette(routes=[Route("/api/x", app, methods=["POST"]), Route("/endless", endless)])
    server = uvicorn.Server(uvicorn.Config(whole, http=Impatient, log_config=None, lifespan="off"))
    with socket.create_server(("127.0.0.1", 0)) as door:
        thread = threading.Thread(target=server.run, kwargs={"sockets": [door]})
        thread.start()
        until(lambda: server.started)
        yield door.getsockname()
        server.should_exit = True
        thread.join()


@pytest.fixture(scope="module")
def address() -> Iterator[tuple[str, int]]:
    with listening() as found:
        yield found


def answer(client: socket.socket) -> bytes:
    """Return all that comes until the other side ends the connection, or the whole of a short answer."""
    client.settimeout(20)
    found = b""
    while piece := client.recv(65_536):
        found += piece
        if b"\r\n\r\n" in found:
            break
    return found


def test_a_connection_that_asks_nothing_is_closed(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as client:
        assert answer(client) == b""


def test_a_head_that_never_ends_is_cut(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as client:
        client.sendall(b"POST /api/x HTTP/1.1\r\nHost: x\r\nX-Slow: ")
        assert answer(client) == b""


def test_a_second_head_that_never_ends_is_cut_too(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as client:
        client.sendall(b"POST /api/x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab")
        assert answer(client).startswith(b"HTTP/1.1 200")
        client.sendall(b"POST /api/x HT")
        rest = answer(client)
        assert b"HTTP/1.1" not in rest


def test_a_body_that_does_not_come_is_answered(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as client:
        client.sendall(b"POST /api/x HTTP/1.1\r\nHost: x\r\nContent-Length: 50\r\n\r\nab")
        assert answer(client).startswith(b"HTTP/1.1 408")


def test_who_was_answered_and_goes_on_sending_is_let_go(address: tuple[str, int]) -> None:
    pause = threading.Event()
    with socket.create_connection(address) as client:
        client.sendall(b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 1000\r\n\r\n")
        assert answer(client).startswith(b"HTTP/1.1 404")
        for _ in range(200):
            try:
                client.sendall(b"x")
            except OSError:
                return
            pause.wait(SECONDS / 10)
    pytest.fail("the connection is still open")


def test_a_body_that_ends_after_its_answer_leaves_the_connection_open(address: tuple[str, int]) -> None:
    pause = threading.Event()
    with socket.create_connection(address) as client:
        client.sendall(b"POST /nothing HTTP/1.1\r\nHost: x\r\nContent-Length: 4\r\n\r\n")
        assert answer(client).startswith(b"HTTP/1.1 404")
        client.sendall(b"body")
        pause.wait(2 * SECONDS)
        client.sendall(b"POST /api/x HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nab")
        assert b"HTTP/1.1 200" in answer(client)


def ends(client: socket.socket) -> bool:
    """Return whether what comes ends within a gigabyte."""
    try:
        return any(not client.recv(1_000_000) for _ in range(1_000))
    except ConnectionResetError:
        return True


def test_who_does_not_read_an_answer_is_let_go(address: tuple[str, int]) -> None:
    pause = threading.Event()
    with socket.create_connection(address) as client:
        client.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        pause.wait(4 * SECONDS)
        client.settimeout(20)
        assert ends(client)


def test_who_reads_an_answer_slowly_gets_it(address: tuple[str, int]) -> None:
    pause = threading.Event()
    with socket.create_connection(address) as client:
        client.settimeout(20)
        client.sendall(b"GET /endless HTTP/1.1\r\nHost: x\r\n\r\n")
        size = 0
        for _ in range(20):
            size += len(client.recv(10_000_000))
            pause.wait(SECONDS / 5)
        assert client.recv(1)
        assert size > 1_000_000


def test_what_came_fast_buys_no_long_pause(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as client:
        client.sendall(b"POST /api/x HTTP/1.1\r\nHost: x\r\nContent-Length: 100000\r\n\r\n" + b"x" * 90_000)
        assert answer(client).startswith(b"HTTP/1.1 408")


def test_an_endless_body_is_answered_when_it_is_too_long(address: tuple[str, int]) -> None:
    with socket.create_connection(address) as client:
        client.sendall(b"POST /api/x HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n")
        piece = b"%x\r\n%s\r\n" % (100_000, b"x" * 100_000)
        for _ in range(11):
            client.sendall(piece)
        assert answer(client).startswith(b"HTTP/1.1 413")


def test_a_body_that_is_slow_but_comes_is_taken(address: tuple[str, int]) -> None:
    pause = threading.Event()
    with socket.create_connection(address) as client:
        client.sendall(b"POST /api/x HTTP/1.1\r\nHost: x\r\nContent-Length: 4000\r\n\r\n")
        for _ in range(8):
            # Twice the least rate, for longer than the grace.
            client.sendall(b"x" * 500)
            pause.wait(SECONDS / 2)
        assert answer(client).startswith(b"HTTP/1.1 200")
