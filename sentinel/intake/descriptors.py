"""Connections and files share a process's descriptors: connections leave some, so that what comes in can be stored."""

import contextlib
import resource
import socket
from collections.abc import Callable
from typing import Any

WANTED = 65_536
RESERVED_PART = 4
"""A quarter of them is for files, and at most `RESERVED`."""
RESERVED = 1_024


def raise_limit() -> None:
    """Let the process have as many descriptors as it may, up to `WANTED`."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = WANTED if hard == resource.RLIM_INFINITY else min(hard, WANTED)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))


def is_one_too_many(descriptor: int) -> bool:
    """Return whether a new connection has a descriptor of those that are kept for files.

    The system gives the lowest free number (POSIX), so a high one says that nearly all are in use.
    """
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return False
    return descriptor >= soft - min(soft // RESERVED_PART, RESERVED)


class Listener(socket.socket):
    """A listening socket that closes at once what would take the last descriptors, also before a TLS handshake."""

    on_refused: Callable[[], None] | None = None
    """Called for each connection that was closed."""

    def accept(self) -> tuple[socket.socket, Any]:
        """Return the next connection; raise `BlockingIOError`, as if there were none, where it was one too many."""
        accepted, address = super().accept()
        if not is_one_too_many(accepted.fileno()):
            return accepted, address
        accepted.close()
        if self.on_refused is not None:
            self.on_refused()
        raise BlockingIOError
