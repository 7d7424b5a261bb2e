"""Splunk's HTTP Event Collector: events, raw lines, acknowledgements, health."""

import re

import orjson
from fastapi import APIRouter, Request
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from sentinel.errors import SentinelError
from sentinel.intake.door import Reply, json_reply
from sentinel.intake.doors.hec import BAD_CHANNEL, HEALTHY, NO_CHANNEL, SUCCESS, HecError, refuse, said
from sentinel.model.sender import Sender
from sentinel.web.door import again, asked_of, known, respond, serve
from sentinel.web.visitor import Behind

router = APIRouter(prefix="/services/collector")

MAX_ACK_BYTES = 100_000
_CHANNEL = re.compile(r"[0-9A-Za-z-]{1,64}")


@router.post("")
@router.post("/event")
@router.post("/event/1.0")
@router.post("/raw")
@router.post("/raw/1.0")
async def collect(request: Request, behind: Behind) -> Response:
    """Keep events or raw lines; with a channel the answer has an acknowledgement id, which is true from then on."""
    channel = _channel(request)
    if channel and not _CHANNEL.fullmatch(channel):
        return respond(said(BAD_CHANNEL, 400))

    def done(sender: Sender, reply: Reply) -> Reply:
        if not channel or reply.status != 200:
            return reply
        return said(SUCCESS, ackId=behind.acks.give(sender.id, channel))

    return await serve(request, behind, "hec", done)


@router.post("/ack")
@router.post("/ack/1.0")
async def ack(request: Request, behind: Behind) -> Response:
    """Say of each acknowledgement id whether it was given."""
    asked = asked_of(request)
    try:
        sender = await run_in_threadpool(known, request, behind, "hec")
        if not (channel := _channel(request)):
            raise HecError(NO_CHANNEL)
        async with behind.bodies.hold(request, MAX_ACK_BYTES, sender.id) as body:
            return respond(json_reply({"acks": behind.acks.known(sender.id, channel, _ids(body))}))
    except SentinelError as error:
        return respond(refuse(asked, error), again(error))


@router.get("/health")
@router.get("/health/1.0")
def health() -> Response:
    """Say that the door is open; Splunk asks for no token here."""
    return respond(said(HEALTHY))


def _channel(request: Request) -> str:
    return request.headers.get("x-splunk-request-channel") or request.query_params.get("channel", "")


def _ids(body: bytes) -> list[int]:
    """Return the ids asked for; raise `HecError` where the body has none."""
    try:
        found = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise HecError(6, str(error)) from error
    ids = found.get("acks") if isinstance(found, dict) else None
    if not isinstance(ids, list) or not all(type(each) is int for each in ids):
        raise HecError(6, "expected a list of ids in `acks`")
    return ids
