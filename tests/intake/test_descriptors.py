"""Connections never take the last descriptors, and one address never takes them all."""

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from sentinel.intake.descriptors import Listener, is_one_too_many
from sentinel.intake.visitors import Visitors

LIMIT = 400


@pytest.fixture
def few() -> Iterator[None]:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (LIMIT, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, before)


@pytest.mark.usefixtures("few")
def test_a_quarter_is_kept_for_files() -> None:
    assert not is_one_too_many(LIMIT * 3 // 4 - 1)
    assert is_one_too_many(LIMIT * 3 // 4)


@pytest.mark.usefixtures("few")
def test_a_flood_of_connections_leaves_descriptors_and_is_counted() -> None:
    refused: list[bool] = []
    with ExitStack() as stack, Listener(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.on_refused = lambda: refused.append(True)
        with suppress(BlockingIOError):
            for _ in range(LIMIT):
                stack.enter_context(socket.create_connection(listener.getsockname()))
                stack.enter_context(listener.accept()[0])
        assert Path("/proc/self/stat").read_bytes()
    assert refused == [True]


def test_one_address_has_so_many_connections_and_others_still_have_theirs() -> None:
    refused: list[bool] = []
    with ExitStack() as stack, Listener(socket.AF_INET, socket.SOCK_STREAM) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.visitors = Visitors(None, 2)
        listener.on_refused = lambda: refused.append(True)
        place = listener.getsockname()

        def come(address: str) -> socket.socket:
            stack.enter_context(socket.create_connection(place, source_address=(address, 0)))
            return stack.enter_context(listener.accept()[0])

        first, _ = come("127.0.0.2"), come("127.0.0.2")
        with pytest.raises(BlockingIOError):
            come("127.0.0.2")
        assert come("127.0.0.3").getpeername()[0] == "127.0.0.3"
        first.close()
        first.close()
        come("127.0.0.2")
        with pytest.raises(BlockingIOError):
            come("127.0.0.2")
    assert refused == [True, True]
