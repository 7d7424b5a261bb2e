"""Connections never take the last descriptors."""

import resource
import socket
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from sentinel.intake.descriptors import Listener, is_one_too_many

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
