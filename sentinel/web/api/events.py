"""Batches of events from collectors; an acknowledgement means that they are on this server's disk."""

from contextlib import AsyncExitStack
from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from sentinel.errors import ConflictError, InputError, UnavailableError
from sentinel.event import MAX_BATCH_BYTES
from sentinel.model import moment
from sentinel.web.answers import Json, error
from sentinel.web.identity import OWN_DOOR, Sender
from sentinel.web.visitor import Behind

router = APIRouter(prefix="/api/v1")

MAX_DIGITS = 19
"""Of a sequence."""


@router.post("/events")
async def events(
    request: Request,
    behind: Behind,
    sender: Sender,
    sentinel_epoch: Annotated[str, Header()] = "",
    sentinel_first: Annotated[str, Header()] = "",
    content_encoding: Annotated[str, Header()] = "identity",
) -> Response:
    """Keep a batch and answer the last sequence received; 409 says which sequence is expected."""
    at = moment.now()
    try:
        async with AsyncExitStack() as stack:
            try:
                body = await stack.enter_async_context(behind.bodies.hold(request, MAX_BATCH_BYTES, sender.id))
            except InputError as fault:
                await run_in_threadpool(behind.receiver.refuse, sender, fault, at)
                raise
            receive = partial(
                behind.receiver.receive,
                sender,
                epoch=sentinel_epoch,
                first=_number(sentinel_first),
                encoding=content_encoding.strip().lower(),
                body=body,
                at=at,
            )
            last = await behind.bodies.work(receive)
    except ConflictError as conflict:
        return error(str(conflict), conflict.http_status, expected=getattr(conflict, "expected", None))
    except UnavailableError:
        behind.doorway.refused(OWN_DOOR, "unavailable")
        raise
    behind.wake.set()
    return Json({"acknowledged": last})


def _number(text: str) -> int:
    """Return the sequence in a header; 0, which none has, for what is no number."""
    return int(text) if len(text) <= MAX_DIGITS and text.isascii() and text.isdigit() else 0
