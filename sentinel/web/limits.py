"""No request body grows beyond what its path may need, nor comes in for ever; both are refused before it is held."""

import asyncio

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from sentinel.event import MAX_BATCH_BYTES
from sentinel.model.sender import MAX_BODY_BYTES

DOOR_BYTES = MAX_BODY_BYTES + 1_000_000
"""A door has a lower limit for each sender, and says so in its own words."""
BODY_BYTES = {
    "/api/v1/events": MAX_BATCH_BYTES,
    "/api/": 1_000_000,
    "/services/collector": DOOR_BYTES,
    "/v1/logs": DOOR_BYTES,
}
"""First match by path prefix."""
BULK = "/_bulk"
FORM_BYTES = 64_000
GRACE_SECONDS = 60.0
LEAST_BYTES_PER_SECOND = 500
"""A body may take the grace and as long as it needs at this rate, a sixteenth of the thinnest line we know.

What came faster buys no pause longer than the grace: a body held in memory must go on.
"""


class BodyLimit:
    """ASGI middleware that answers 413 to bodies that are too long, announced or not, and 408 to those too slow."""

    def __init__(self, app: ASGIApp, grace_seconds: float = GRACE_SECONDS) -> None:
        self._app = app
        self._grace_seconds = grace_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a counted body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = limit_for(scope["path"])
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        received, is_whole = 0, False
        clock = asyncio.get_running_loop().time
        due = clock() + self._grace_seconds

        async def counted() -> Message:
            nonlocal received, is_whole, due
            # A length that is no number is the server's to refuse; the count below holds all the same.
            if announced.isdigit() and int(announced) > limit:
                raise _too_long(limit)
            if is_whole:
                # What comes now is that the client has gone, some time.
                return await receive()
            try:
                async with asyncio.timeout_at(due):
                    message = await receive()
            except TimeoutError as error:
                raise HTTPException(408, "the body comes too slowly; send less at a time") from error
            size = len(message.get("body", b""))
            received += size
            due = min(due + size / LEAST_BYTES_PER_SECOND, clock() + self._grace_seconds)
            is_whole = not message.get("more_body", False)
            if received > limit:
                raise _too_long(limit)
            return message

        await self._app(scope, counted, send)


def limit_for(path: str) -> int:
    """Return how many bytes a body sent to `path` may have."""
    if path.endswith(BULK):
        return DOOR_BYTES
    return next((limit for prefix, limit in BODY_BYTES.items() if path.startswith(prefix)), FORM_BYTES)


def _too_long(limit: int) -> HTTPException:
    return HTTPException(413, f"the body is longer than the {limit} bytes allowed here; send less at a time")
