"""A connection that the server resets before TLS begins is a clear error, and nothing stays open."""

import gc
import socket
import ssl
import struct
import warnings

import pytest

import collectors.client
from sentinel.cli.client import Connection
from tests.waiting import until

AT_ONCE = struct.pack("ii", 1, 0)
"""A linger of no seconds: to close is to reset."""


def _is_reset(client: socket.socket) -> bool:
    try:
        client.getpeername()
    except OSError:
        return True
    return False


@pytest.mark.parametrize("kind", [Connection, collectors.client._Connection])
def test_a_server_that_is_gone_before_tls_leaves_no_socket_open(kind: type[Connection]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        context = ssl.create_default_context()
        # As it is outside of tests, see `tests.secured`.
        context.sslsocket_class = ssl.SSLSocket
        connection = kind("127.0.0.1", server.getsockname()[1], context=context, timeout=5)

        def connect_and_be_reset(*_: object) -> socket.socket:
            client = socket.create_connection(server.getsockname(), timeout=5)
            far, _address = server.accept()
            far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
            far.close()
            until(lambda: _is_reset(client), what="the reset")
            return client

        connection._create_connection = connect_and_be_reset  # type: ignore[attr-defined]
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            with pytest.raises(ConnectionResetError, match="gone"):
                connection.request("GET", "/")
            connection.close()
            gc.collect()
    assert [each for each in said if each.category is ResourceWarning] == []
