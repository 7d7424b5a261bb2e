"""Errors become answers: one JSON sentence for programs, a page for people."""

import logging
from urllib.parse import urlencode

from fastapi import FastAPI
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from starlette.datastructures import MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import RedirectResponse, Response

from sentinel.errors import SentinelError, UnavailableError
from sentinel.web.answers import error
from sentinel.web.headers import complete
from sentinel.web.show import local_path, page
from sentinel.web.visitor import SignInNeededError

log = logging.getLogger(__name__)

RETRY_AFTER_SECONDS = "5"
GONE = 499
"""Nobody reads the answer to a request whose sender has gone."""


class NotFoundError(SentinelError):
    """There is no such thing, or not for this reader: both look alike."""

    http_status = 404


def install(app: FastAPI) -> None:
    """Register the handlers."""
    app.add_exception_handler(SentinelError, _sentinel_error)
    app.add_exception_handler(HTTPException, _http_error)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(ClientDisconnect, _gone)
    app.add_exception_handler(NoConnectionError, _no_connection)
    app.add_exception_handler(Exception, _unforeseen)


def answer(request: Request, status: int, sentence: str, headers: dict[str, str] | None = None) -> Response:
    """Return the error in the form its asker reads."""
    if request.url.path.startswith("/api/") or request.url.path == "/healthz":
        return error(sentence, status, headers)
    response = page(request, "error.html", status=status, code=status, sentence=sentence)
    response.headers.update(headers or {})
    return response


async def _sentinel_error(request: Request, fault: Exception) -> Response:
    status = fault.http_status if isinstance(fault, SentinelError) else 500
    if isinstance(fault, SignInNeededError) and not request.url.path.startswith("/api/"):
        return _sign_in_first(request)
    headers = {"Retry-After": RETRY_AFTER_SECONDS} if isinstance(fault, UnavailableError) else None
    return answer(request, status, str(fault), headers)


async def _gone(request: Request, fault: Exception) -> Response:  # noqa: ARG001
    return Response(status_code=GONE)


async def _no_connection(request: Request, fault: Exception) -> Response:
    # Every connection to the database is taken: raised before there is one that could explain it.
    log.warning("No connection to the database became free in time.", extra={"fault": str(fault)})
    sentence = "the database is too busy to answer now; try again in a moment"
    return answer(request, 503, sentence, {"Retry-After": RETRY_AFTER_SECONDS})


def _sign_in_first(request: Request) -> Response:
    if request.method != "GET":
        return RedirectResponse("/sign-in", status_code=303)
    here = local_path(request.url.path + (f"?{request.url.query}" if request.url.query else ""))
    if request.headers.get("sec-fetch-site") == "cross-site":
        # A strict cookie stays at home when a link in a chat or mail leads here; asked from our own page, it comes.
        return page(request, "again.html", target=here)
    return RedirectResponse(f"/sign-in?{urlencode({'next': here})}", status_code=303)


async def _http_error(request: Request, fault: Exception) -> Response:
    status = fault.status_code if isinstance(fault, HTTPException) else 500
    detail = fault.detail if isinstance(fault, HTTPException) else ""
    headers = dict(fault.headers or {}) if isinstance(fault, HTTPException) else None
    return answer(request, status, detail, headers)


async def _validation_error(request: Request, fault: Exception) -> Response:
    problems = fault.errors() if isinstance(fault, RequestValidationError) else []
    first = problems[0] if problems else {"loc": (), "msg": "the request is malformed"}
    place = ".".join(str(part) for part in first["loc"])
    return answer(request, 400, f"{place}: {first['msg']}")


async def _unforeseen(request: Request, fault: Exception) -> Response:
    # Starlette logs the traceback and answers outside all middleware, so the headers are completed here.
    log.error("A request failed for a reason nobody foresaw.", extra={"path": request.url.path, "fault": repr(fault)})
    response = answer(request, 500, "Sentinel failed to answer; the fault was logged")
    complete(MutableHeaders(raw=response.raw_headers))
    return response
