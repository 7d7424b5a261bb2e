"""TLS over a socket of a test, without a socket left behind where the other side is gone before it begins."""

import socket
import ssl


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
