"""TLS over a socket of a test, without a socket left behind where the other side is gone before it begins."""

import errno
import socket
import ssl
import struct
from typing import Any

from tests.waiting import until

EXPECTED = (errno.ENOTCONN, errno.EINVAL)
"""What `wrap_socket` itself takes for a socket that is not connected."""


class ClosedSocket(ssl.SSLSocket):
    """Closes itself where the other side has reset the connection before TLS begins.

    `wrap_socket` looks for that by reading, and raises (CPython 3.11) without closing what it has made: that stays open
    until it is collected as garbage, in whichever test that happens. Clients of others do it too.
    """

    def recv(self, *arguments: Any) -> bytes:
        try:
            return super().recv(*arguments)
        except OSError as error:
            if not hasattr(self, "_connected") and error.errno not in EXPECTED:
                self.close()
            raise


def reset_connection() -> socket.socket:
    """Return a connected socket whose other side has reset the connection."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        client = socket.create_connection(server.getsockname(), timeout=5)
        far, _address = server.accept()
        # To linger for no seconds is to reset.
        far.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        far.close()
        until(lambda: _is_reset(client), what="the reset")
        return client


def _is_reset(client: socket.socket) -> bool:
    try:
        client.getpeername()
    except OSError:
        return True
    return False


def mend() -> None:
    """Let every client of this process have such sockets."""
    ssl.SSLContext.sslsocket_class = ClosedSocket


def secured(context: ssl.SSLContext, plain: socket.socket, name: str = "localhost") -> ssl.SSLSocket:
    """Return `plain` with TLS; raise `ConnectionError` where the other side has reset it already.

    `wrap_socket` would then raise as well, but leave a socket open that nobody can reach.
    """
    try:
        plain.getpeername()
    except OSError as error:
        plain.close()
        raise ConnectionResetError("the other side is gone before TLS began") from error
    return context.wrap_socket(plain, server_hostname=name)
