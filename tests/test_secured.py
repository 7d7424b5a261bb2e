"""What tests do to sockets of TLS, without which a reset connection is a warning in some other test."""

import gc
import ssl
import warnings

import pytest

from tests.secured import reset_connection


def test_a_connection_that_was_reset_leaves_no_socket_open() -> None:
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        with pytest.raises(ConnectionResetError):
            ssl.create_default_context().wrap_socket(reset_connection(), server_hostname="localhost")
        gc.collect()
    assert [each for each in said if each.category is ResourceWarning] == []
