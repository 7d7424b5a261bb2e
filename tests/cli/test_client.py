"""A connection that the server resets before TLS begins is a clear error, and nothing stays open."""

import gc
import ssl
import warnings

import pytest

import collectors.client
from sentinel.cli.client import Connection
from tests.secured import reset_connection


@pytest.mark.parametrize("kind", [Connection, collectors.client._Connection])
def test_a_server_that_is_gone_before_tls_leaves_no_socket_open(kind: type[Connection]) -> None:
    context = ssl.create_default_context()
    # As it is outside of tests, see `tests.secured`.
    context.sslsocket_class = ssl.SSLSocket
    connection = kind("localhost", 1, context=context, timeout=5)
    connection._create_connection = lambda *_: reset_connection()  # type: ignore[attr-defined]
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with pytest.raises(ConnectionResetError, match="gone"):
            connection.request("GET", "/")
        connection.close()
        gc.collect()
    assert [each for each in said if each.category is ResourceWarning] == []
