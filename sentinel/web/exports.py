"""Exports that run at once: each holds files and memory for as long as its reader takes."""

import threading
from collections.abc import AsyncIterator, Mapping

from starlette.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from sentinel.errors import UnavailableError

MAX_AT_ONCE = 8


class Exports:
    """Counts the exports that are on their way; safe for many threads."""

    def __init__(self, limit: int = MAX_AT_ONCE) -> None:
        self._limit = limit
        self._lock = threading.Lock()
        self._running = 0

    def begin(self) -> None:
        """Be one of those that run, until `end`; raise `UnavailableError` where that would be one too many."""
        with self._lock:
            if self._running >= self._limit:
                raise UnavailableError(f"{self._limit} exports run already; try again when one has ended")
            self._running += 1

    def end(self) -> None:
        """Be none of those that run any more."""
        with self._lock:
            self._running -= 1


class Export(StreamingResponse):
    """An answer that has begun as one of `exports`, and ends as one however it ends: read, left, or never read."""

    def __init__(
        self, exports: Exports, pieces: AsyncIterator[bytes], media_type: str, headers: Mapping[str, str]
    ) -> None:
        super().__init__(pieces, media_type=media_type, headers=headers)
        self._exports = exports

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._exports.end()
