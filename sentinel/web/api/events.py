"""Batches of events from collectors; an acknowledgement means that they are on this server's disk."""

from functools import partial
from typing import Annotated

from fastapi import APIRouter, Header, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from sentinel.errors import ConflictError
from sentinel.event import MAX_BATCH_BYTES
from sentinel.model import moment
from sentinel.web.answers import Json, error
from sentinel.web.identity import Sender
from sentinel.web.visitor import Behind

router = APIRouter(prefix="/api/v1")

ENCODINGS = ("identity", "gzip", "zstd")


@router.post("/events")
async def events(
    request: Request,
    behind: Behind,
    sender: Sender,
    sentinel_epoch: Annotated[str, Header(min_length=1, max_length=64)],
    sentinel_first: Annotated[int, Header(ge=1, lt=2**62)],
    content_encoding: Annotated[str, Header()] = "identity",
) -> Response:
    """Keep a batch and answer the last sequence received; 409 says which sequence is expected."""
    encoding = content_encoding.strip().lower()
    if encoding not in ENCODINGS:
        raise HTTPException(415, f"unknown Content-Encoding; use one of {', '.join(ENCODINGS)}")
    try:
        async with behind.bodies.hold(request, MAX_BATCH_BYTES) as body:
            receive = partial(
                behind.receiver.receive,
                sender,
                epoch=sentinel_epoch,
                first=sentinel_first,
                encoding=encoding,
                body=body,
                at=moment.now(),
            )
            last = await behind.bodies.work(receive)
    except ConflictError as conflict:
        return error(str(conflict), conflict.http_status, expected=getattr(conflict, "expected", None))
    behind.wake.set()
    return Json({"acknowledged": last})
