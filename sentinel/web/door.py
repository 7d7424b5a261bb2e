"""The way of a request through any door: who is it, how large, what is in it, and only then the journal."""

import math
from collections.abc import Callable, Mapping

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from sentinel.errors import InputError, RefusedError, SentinelError, UnavailableError
from sentinel.intake.credentials import token_of
from sentinel.intake.door import Asked, Door, Reply
from sentinel.intake.doors import DOORS
from sentinel.intake.doorway import TooFastError
from sentinel.intake.senders import UnknownSenderError
from sentinel.intake.unpack import unpack
from sentinel.model.sender import Sender
from sentinel.web.faults import RETRY_AFTER_SECONDS
from sentinel.web.services import Services

MAX_QUERY = 50
TOO_LARGE = 413
Done = Callable[[Sender, Reply], Reply]


async def serve(request: Request, behind: Services, name: str, done: Done | None = None) -> Response:
    """Take the request in through a door; `done` may complete the answer when everything is kept."""
    door, asked = DOORS[name], asked_of(request)
    try:
        sender = await run_in_threadpool(known, request, behind, name)
        await run_in_threadpool(behind.doorway.admit, sender)
        try:
            async with behind.bodies.hold(request, sender.limits.body_bytes, sender.id) as body:
                encoding = request.headers.get("content-encoding", "identity").strip().lower()
                reply = await behind.bodies.work(lambda: _take(behind, door, asked, sender, body, encoding))
        except InputError as error:
            behind.doorway.charge(sender, sender.limits.body_bytes if error.http_status == TOO_LARGE else 0)
            await run_in_threadpool(behind.doorway.count, sender, {_reason(error): (1, str(error))})
            raise
    except SentinelError as error:
        if isinstance(error, UnavailableError):
            behind.doorway.refused(name, "unavailable")
        return respond(door.refuse(asked, error), again(error))
    return respond(done(sender, reply) if done else reply)


def known(request: Request, behind: Services, name: str) -> Sender:
    """Return the sender of a request; raise `UnknownSenderError` for a token that is not of this door."""
    try:
        return behind.senders.by_token(name, token_of(request.headers.get("authorization", "")))
    except RefusedError:
        behind.doorway.refused(name)
        raise


def asked_of(request: Request) -> Asked:
    """Return what a request says beside its body, without its token."""
    authorization = request.headers.get("authorization", "")
    return Asked(
        path=request.url.path,
        query=dict(list(request.query_params.items())[:MAX_QUERY]),
        headers={name: value for name, value in request.headers.items() if name != "authorization"},
        has_authorization=bool(authorization),
        has_token=bool(token_of(authorization)),
    )


def respond(reply: Reply, headers: Mapping[str, str] | None = None) -> Response:
    """Return the answer as HTTP has it."""
    return Response(reply.body, reply.status, dict(headers or {}), reply.media_type)


def again(error: SentinelError) -> dict[str, str]:
    """Return the headers that say when to try again, or how to say who one is."""
    if isinstance(error, TooFastError):
        return {"Retry-After": str(math.ceil(error.wait_seconds))}
    if isinstance(error, UnavailableError):
        return {"Retry-After": RETRY_AFTER_SECONDS}
    if error.http_status in (408, 413):
        # What is still on its way is not wanted.
        return {"Connection": "close"}
    return {"WWW-Authenticate": 'Basic realm="sentinel"'} if isinstance(error, UnknownSenderError) else {}


def _take(behind: Services, door: Door, asked: Asked, sender: Sender, body: bytes, encoding: str) -> Reply:
    plain = unpack(body, encoding, sender.limits.body_bytes)
    reading = door.read(asked, plain, sender)
    behind.doorway.take(sender, reading.lines, size=len(plain), zone=behind.doors_zone)
    if reading.faults:
        behind.doorway.count(sender, reading.faults)
    return reading.reply


def _reason(error: SentinelError) -> str:
    return {408: "too_slow", 413: "too_large", 499: "lost_end"}.get(error.http_status, "bad_request")
