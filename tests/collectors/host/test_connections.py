"""Connections: who listens and who talks is seen, with the program."""

import json
import os
import socket
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from collectors.host.connections import ConnectionsInput
from collectors.settings import ConnectionsSettings
from sentinel.normalise.parsers.linux_connection import NAMES


@pytest.fixture
def connections() -> Iterator[ConnectionsInput]:
    source = ConnectionsInput(ConnectionsSettings(name="connections", interval_seconds=0.05))
    yield source
    source.close()


def wait_for(source: ConnectionsInput, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    for _ in range(400):
        readings, cursor = source.read(100_000, 0.1)
        assert cursor == ""
        for event in (json.loads(reading.raw) for reading in readings):
            assert event.keys() <= NAMES
            if is_it(event):
                return event
    raise AssertionError("not seen before the deadline")


def is_from(event: dict[str, Any], port: int, direction: str) -> bool:
    return event.get("source.port") == port and event.get("network.direction") == direction


def test_whoever_comes_to_an_open_port_is_the_source(connections: ConnectionsInput) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        connections.open(None)
        with socket.create_connection(server.getsockname()) as client:
            mine = client.getsockname()[1]
            accepted, _ = server.accept()
            with accepted:
                came = wait_for(connections, lambda event: is_from(event, mine, "ingress"))
        assert came["destination.port"] == server.getsockname()[1]


def test_a_connection_is_seen_with_its_program(connections: ConnectionsInput) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        connections.open(None)
        listening = wait_for(connections, lambda event: event.get("destination.port") == port)
        assert listening["event.type"] == ["connection", "info"]
        assert listening["event.action"] == "port_listening"
        with socket.create_connection(("127.0.0.1", port)) as client:
            mine = client.getsockname()[1]
            opened = wait_for(connections, lambda event: is_from(event, mine, "egress"))
        assert opened["event.action"] == "connection_opened"
        assert (opened["source.ip"], opened["destination.ip"]) == ("127.0.0.1", "127.0.0.1")
        assert opened["destination.port"] == port
        assert opened["process.pid"] == os.getpid()
        assert opened["process.name"]
        assert opened["sentinel.connection.state"] == "established"
        closed = wait_for(connections, lambda event: is_from(event, mine, "egress"))
        assert closed["event.type"] == ["connection", "end"]


def test_check_says_how_many_sockets_are_open(connections: ConnectionsInput) -> None:
    assert "sockets are open" in connections.inspect(None)[0]
