"""Exports that run at once: each holds files and memory for as long as its reader takes."""

from collections.abc import AsyncIterator

from sentinel.errors import UnavailableError

MAX_AT_ONCE = 8


class Exports:
    """Counts the exports that are on their way. One event loop counts, any thread asks."""

    def __init__(self, limit: int = MAX_AT_ONCE) -> None:
        self._limit = limit
        self._running = 0

    def check(self) -> None:
        """Raise `UnavailableError` where another one would be too many."""
        if self._running >= self._limit:
            raise UnavailableError(f"{self._limit} exports run already; try again when one has ended")

    async def counted(self, pieces: AsyncIterator[bytes]) -> AsyncIterator[bytes]:
        """Yield the pieces; from the first to the last it is one of those that run."""
        self._running += 1
        try:
            async for piece in pieces:
                yield piece
        finally:
            self._running -= 1
