"""What tests do to sockets of TLS, without which a reset connection is a warning in some other test."""

import gc
import socket
import ssl
import struct
import warnings

import pytest

from tests.waiting import until

AT_ONCE = struct.pack("ii", 1, 0)
"""A linger of no seconds: to close is to reset."""


def _is_reset(client: socket.socket) -> bool:
    try:
        client.getpeername()
    except OSError:
        return True
    return False


@pytest.mark.parametrize(("kind", "left"), [(None, 0), (ssl.SSLSocket, 1)])
def test_a_connection_that_was_reset_leaves_no_socket_open(kind: type[ssl.SSLSocket] | None, left: int) -> None:
    context = ssl.create_default_context()
    if kind is not None:
        # As it is outside of tests.
        context.sslsocket_class = kind
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname(), timeout=5)
        far, _address = server.accept()
        far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, AT_ONCE)
        far.close()
        until(lambda: _is_reset(client), what="the reset")
        with warnings.catch_warnings(record=True) as said:
            warnings.simplefilter("always")
            with pytest.raises(OSError, match="reset"):
                context.wrap_socket(client, server_hostname="localhost")
            gc.collect()
    assert len([each for each in said if each.category is ResourceWarning]) == left
