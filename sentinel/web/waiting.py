"""Work for a request goes on only as long as its sender waits for the answer."""

import asyncio
import threading
from collections.abc import Callable
from typing import TypeVar

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
