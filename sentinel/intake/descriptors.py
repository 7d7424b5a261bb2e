"""Connections and files share a process's descriptors: connections leave some, so that what comes in can be stored."""

import contextlib
import resource
import socket
from collections.abc import Callable
from functools import partial
from typing import Any

from sentinel.intake.visitors import Visitors, plain

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
    """A listening socket that closes at once whom there is no room for, also before a TLS handshake.

    That is what would take the last descriptors, and what comes from an address that has enough of them.
    """

    on_refused: Callable[[], None] | None = None
    """Called for each connection that was closed."""
    visitors: Visitors | None = None
    """Counts connections by address, where they are to be bounded."""

    def accept(self) -> tuple[socket.socket, Any]:
        """Return the next connection; raise `BlockingIOError`, as if there were none, where it was one too many."""
        accepted, place = super().accept()
        if not is_one_too_many(accepted.fileno()):
            if self.visitors is None:
                return accepted, place
            address = plain(place[0])
            if self.visitors.admit(address):
                return _Visit(accepted, partial(self.visitors.leave, address)), place
        accepted.close()
        if self.on_refused is not None:
            self.on_refused()
        raise BlockingIOError


class _Visit(socket.socket):
    """A connection that says when it is closed."""

    def __init__(self, accepted: socket.socket, on_closed: Callable[[], None]) -> None:
        """Take over a socket."""
        super().__init__(accepted.family, accepted.type, accepted.proto, accepted.detach())
        self._on_closed: Callable[[], None] | None = on_closed

    def close(self) -> None:
        """Close it, and say so once."""
        on_closed, self._on_closed = self._on_closed, None
        try:
            super().close()
        finally:
            if on_closed is not None:
                on_closed()
