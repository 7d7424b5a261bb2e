"""Bodies of requests in memory: each has a limit, and all of them together have one."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

import anyio
from anyio.to_thread import run_sync
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request

from sentinel.errors import InputError, UnavailableError
from sentinel.intake.unpack import TooLargeError

ROOM_BYTES = 128_000_000
SHARE = 4
"""One sender's bodies take so much of the room at most, a quarter: it must not keep all others out."""
READERS = 4
"""So many bodies are taken apart at once; apart they take several times the room."""
T = TypeVar("T")


class SlowError(InputError):
    """The body did not come in time."""

    http_status = 408


class GoneError(InputError):
    """Who sends the body has gone before it was whole."""

    http_status = 499


class Bodies:
    """Holds bodies while they come in and are worked on. One event loop."""

    def __init__(self, *, room_bytes: int = ROOM_BYTES) -> None:
        self._room_bytes = room_bytes
        self._used: Counter[str] = Counter()
        self._readers = anyio.CapacityLimiter(READERS)

    @asynccontextmanager
    async def hold(self, request: Request, limit: int, owner: str) -> AsyncIterator[bytes]:
        """Give the body, at most `limit` bytes, and its room until the end of the block.

        Raises `TooLargeError`, `SlowError`, `GoneError`, and `UnavailableError` where the bodies of this owner, or of
        all, are too many now.
        """
        announced = request.headers.get("content-length", "")
        if announced.isdigit() and int(announced) > limit:
            raise _too_large(limit)
        body = bytearray()
        held = 0
        try:
            async for piece in _pieces(request):
                if len(body) + len(piece) > limit:
                    raise _too_large(limit)
                self._check_room(owner, len(piece))
                self._used[owner] += len(piece)
                held += len(piece)
                body += piece
            yield bytes(body)
        finally:
            self._used[owner] -= held
            if not self._used[owner]:
                del self._used[owner]

    async def work(self, task: Callable[[], T]) -> T:
        """Return what `task` returns, run by one of a few threads."""
        return await run_sync(task, limiter=self._readers)

    def _check_room(self, owner: str, size: int) -> None:
        if self._used[owner] + size > self._room_bytes // SHARE:
            raise UnavailableError("too many bodies of this sender at once; try again")
        if self._used.total() + size > self._room_bytes:
            raise UnavailableError("too many bodies at once; try again")


async def _pieces(request: Request) -> AsyncIterator[bytes]:
    """Yield the pieces of a body; what `sentinel.web.limits` refuses becomes an error of ours."""
    try:
        async for piece in request.stream():
            yield piece
    except HTTPException as error:
        kind = SlowError if error.status_code == SlowError.http_status else TooLargeError
        raise kind(error.detail) from error
    except ClientDisconnect as error:
        raise GoneError("the connection ended within a request; nothing of it was kept") from error


def _too_large(limit: int) -> TooLargeError:
    return TooLargeError(f"the body is longer than the {limit} bytes this sender may send; send less at a time")
