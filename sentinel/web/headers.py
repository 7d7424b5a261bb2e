"""Every answer carries the same strict security headers."""

from starlette.datastructures import MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "connect-src 'self'",
        "form-action 'self'",
        "base-uri 'none'",
        "frame-ancestors 'none'",
    )
)
ALWAYS = {
    "Content-Security-Policy": POLICY,
    "Strict-Transport-Security": "max-age=31536000",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    # `no-referrer` would turn the Origin of our own forms into `null`.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}
NOT_KEPT = "no-store"
KEPT = "public, max-age=31536000, immutable"
"""For static files asked for by the digest of their content."""


class SecurityHeaders:
    """ASGI middleware that adds the headers to whatever the application answers."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and complete the answer's headers."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def completed(message: Message) -> None:
            if message["type"] == "http.response.start":
                is_pinned = scope["path"].startswith("/static/") and scope["query_string"].startswith(b"v=")
                complete(MutableHeaders(scope=message), is_pinned=is_pinned and message["status"] == 200)
            await send(message)

        await self._app(scope, receive, completed)


def complete(headers: MutableHeaders, *, is_pinned: bool = False) -> None:
    """Add what is always said; only a pinned answer may be kept by the browser."""
    for name, value in ALWAYS.items():
        headers[name] = value
    headers["Cache-Control"] = KEPT if is_pinned else NOT_KEPT
