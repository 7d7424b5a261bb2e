"""Work for a request goes on only as long as its sender waits for the answer."""

import asyncio
import threading
from collections.abc import AsyncIterator, Callable, Generator, Iterator
from typing import TypeVar

import anyio
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request

from sentinel.store import Stop

LOOK_SECONDS = 0.2
"""How often it is asked whether the sender is still there."""
T = TypeVar("T")


async def answered(request: Request, ask: Callable[[Stop], T]) -> T:
    """Return what `ask` returns from its own thread; its stop is set when the sender has gone."""
    stop = threading.Event()
    work = asyncio.ensure_future(run_in_threadpool(ask, stop))
    try:
        while not (await asyncio.wait({work}, timeout=LOOK_SECONDS))[0]:
            if await request.is_disconnected():
                stop.set()
        return work.result()
    finally:
        stop.set()


async def streamed(make: Callable[[Stop], Iterator[bytes]]) -> AsyncIterator[bytes]:
    """Yield what the iterator yields in its own thread; its stop is set when nobody takes any more."""
    stop = threading.Event()
    pieces = make(stop)
    work: asyncio.Future[bytes | None] | None = None
    try:
        while True:
            work = asyncio.ensure_future(run_in_threadpool(_next, pieces))
            # Waited for from outside: whoever leaves must not have to wait for a page that is being read.
            await asyncio.wait({work})
            if (piece := work.result()) is None:
                return
            yield piece
    finally:
        stop.set()
        with anyio.CancelScope(shield=True):
            await _end(pieces, work)


async def _end(pieces: Iterator[bytes], work: "asyncio.Future[bytes | None] | None") -> None:
    """Close the iterator, when the thread that may be in it has come out."""
    if work is not None:
        await asyncio.wait({work})
        if not work.cancelled():
            # Looked at, or it would be reported as an error that nobody saw.
            work.exception()
    if isinstance(pieces, Generator):
        await run_in_threadpool(pieces.close)


def _next(pieces: Iterator[bytes]) -> bytes | None:
    return next(pieces, None)
