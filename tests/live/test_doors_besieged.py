"""Hostile and careless clients at the doors of a real server: each is answered, and good ones still come in."""

import base64
import socket
import ssl
from collections.abc import Iterator
from contextlib import ExitStack, closing

import httpx
import psutil
import pytest

from sentinel.cli.client import Client
from sentinel.config import ServerSettings
from sentinel.intake.descriptors import raise_limit
from sentinel.wiring import open_home
from tests.live.senders.sentinel import AGENCY, SentinelServer
from tests.secured import secured
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.xdist_group("doors")]

DOORS = "[doors]\nbulk = true\nhec = true\notlp = true\n"
LINE_BYTES = 100_000_000
MORE_MEMORY_BYTES = 700_000_000
"""What a hundred senders with sixteen megabytes each may cost at most: they would hold 1.6 GB."""
CREATE = b'{"create":{}}\n'


@pytest.fixture(scope="module")
def server() -> Iterator[SentinelServer]:
    with SentinelServer(DOORS) as running:
        yield running


@pytest.fixture(scope="module")
def token(server: SentinelServer) -> str:
    return server.add_sender("bulk", "app.portal")


def connect(server: SentinelServer) -> ssl.SSLSocket:
    context = ssl.create_default_context(cafile=str(server.keys.ca))
    plain = socket.create_connection(("127.0.0.1", server.ports.web), timeout=60)
    return secured(context, plain)


def head(token: str, *lines: str) -> bytes:
    basic = base64.b64encode(f"x:{token}".encode()).decode()
    return "\r\n".join(["POST /_bulk HTTP/1.1", "Host: x", f"Authorization: Basic {basic}", *lines, "", ""]).encode()


def answer(client: ssl.SSLSocket) -> bytes:
    found = b""
    while b"\r\n\r\n" not in found and (piece := client.recv(65_536)):
        found += piece
    return found


def said(client: ssl.SSLSocket) -> bytes:
    """Return what the server has answered already; nothing where it still waits for the body."""
    client.settimeout(0.5)
    try:
        return client.recv(65_536)
    except TimeoutError:
        return b""


def sends(server: SentinelServer, token: str, body: bytes) -> httpx.Response:
    trust = ssl.create_default_context(cafile=str(server.keys.ca))
    with httpx.Client(verify=trust, timeout=60) as client:
        return client.post(f"{server.url}/_bulk", content=body, auth=("x", token))


def counted(server: SentinelServer) -> dict[str, int]:
    """Return what was counted of senders of the agency, by reason."""
    with closing(open_home(server.home)) as opened:
        return {each.reason: each.count for each in opened.receiver.counters(frozenset({AGENCY}))}


def test_a_line_of_100_megabytes_is_refused_where_it_says_so_and_where_not(server: SentinelServer, token: str) -> None:
    with connect(server) as client:
        client.sendall(head(token, f"Content-Length: {LINE_BYTES}"))
        assert answer(client).startswith(b"HTTP/1.1 413")
    with connect(server) as client:
        client.sendall(head(token, "Transfer-Encoding: chunked"))
        piece = b"%x\r\n%s\r\n" % (1_000_000, b"x" * 1_000_000)
        is_ended = False
        for _ in range(LINE_BYTES // 1_000_000):
            try:
                client.sendall(piece)
            except OSError:
                # The server has answered and ended the connection, long before this is through.
                is_ended = True
                break
        assert is_ended
    assert counted(server)["too_large"] >= 2


def test_strangers_are_refused_before_their_bodies_are_read(server: SentinelServer) -> None:
    with connect(server) as client:
        client.sendall(head("guess", "Content-Length: 16000000"))
        assert answer(client).startswith(b"HTTP/1.1 401")


def test_many_large_bodies_at_once_do_not_fill_the_memory(server: SentinelServer, token: str) -> None:
    assert server.pid is not None
    process = psutil.Process(server.pid)
    before = process.memory_info().rss
    senders = [server.add_sender("bulk", "app.portal") for _ in range(12)]
    with ExitStack() as stack:
        clients = [stack.enter_context(closing(connect(server))) for _ in range(24)]
        for number, client in enumerate(clients):
            client.sendall(head(senders[number % len(senders)], "Content-Length: 16000000"))
            client.sendall(CREATE + b"x" * 15_000_000)
        # Some were let in and hold their room; the others are told to come again.
        busy = [text for client in clients if (text := said(client))]
        assert 10 <= len(busy) <= 17
        assert all(text.startswith(b"HTTP/1.1 503") and b"retry-after: 5" in text.lower() for text in busy)
        assert process.memory_info().rss - before < MORE_MEMORY_BYTES
    until(lambda: sends(server, token, CREATE + b'{"message":"later"}\n').status_code == 200, seconds=30)
    assert Client(server.url, server.keys.ca).is_up()


def test_one_sender_with_many_large_bodies_keeps_no_other_out(server: SentinelServer, token: str) -> None:
    other = server.add_sender("bulk", "app.portal")
    with ExitStack() as stack:
        clients = [stack.enter_context(closing(connect(server))) for _ in range(10)]
        for client in clients:
            client.sendall(head(token, "Content-Length: 16000000"))
            client.sendall(CREATE + b"x" * 15_000_000)
        busy = [text for client in clients if (text := said(client))]
        assert len(busy) == 8
        assert all(text.startswith(b"HTTP/1.1 503") for text in busy)
        assert sends(server, other, CREATE + b'{"message":"%s"}\n' % (b"x" * 900_000)).status_code == 200


def test_one_address_with_all_its_connections_keeps_no_other_out(server: SentinelServer, token: str) -> None:
    raise_limit()
    most = ServerSettings().connections_per_source
    place = ("127.0.0.1", server.ports.web)

    def is_let_in() -> bool:
        with socket.create_connection(place, timeout=1, source_address=("127.0.0.9", 0)) as late:
            return not is_closed(late)

    with ExitStack() as stack:
        for _ in range(most):
            stack.enter_context(socket.create_connection(place, timeout=60, source_address=("127.0.0.9", 0)))
        until(lambda: not is_let_in())
        assert sends(server, token, CREATE + b'{"message":"a"}\n').status_code == 200
    until(is_let_in)


def is_closed(client: socket.socket) -> bool:
    """Return whether the server has closed a connection on which nothing was sent; it waits for more than a second."""
    try:
        return client.recv(1) == b""
    except TimeoutError:
        return False
    except ConnectionResetError:
        return True


def test_a_request_cut_in_the_middle_keeps_nothing_and_hurts_nobody(server: SentinelServer, token: str) -> None:
    with connect(server) as client:
        client.sendall(head(token, "Content-Length: 5000") + CREATE + b'{"message":"cut"')
    assert sends(server, token, CREATE + b'{"message":"after the cut"}\n').status_code == 200

    def is_there() -> bool:
        return '{"message":"after the cut"}' in server.stored()

    until(is_there, seconds=60)
    assert not [text for text in server.stored() if text.startswith('{"message":"cut')]
    assert "nobody foresaw" not in server.tail()
