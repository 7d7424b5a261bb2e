"""No request body grows beyond what its path may need; it is refused before it is held in memory."""

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


class BodyLimit:
    """ASGI middleware that answers 413 to bodies that are too long, announced or not."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a counted body."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        limit = limit_for(scope["path"])
        announced = dict(scope["headers"]).get(b"content-length", b"0")
        received = 0

        async def counted() -> Message:
            nonlocal received
            # A length that is no number is the server's to refuse; the count below holds all the same.
            if announced.isdigit() and int(announced) > limit:
                raise _too_long(limit)
            message = await receive()
            received += len(message.get("body", b""))
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
