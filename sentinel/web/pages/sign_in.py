"""Signing in, with a password or a one-time link, and out."""

from typing import Annotated

from fastapi import APIRouter, Form, Query, Request
from starlette.responses import Response

from sentinel.errors import RefusedError
from sentinel.model import moment
from sentinel.web.show import back_to, page
from sentinel.web.visitor import BEFORE, SESSION, Anyone, Behind, Genuine, forget, remember

router = APIRouter()

MAX_CHARACTERS = 1_000


@router.get("/sign-in")
def sign_in_form(request: Request, who: Anyone, next: Annotated[str, Query()] = "/") -> Response:  # noqa: A002
    """Show the sign-in form, or go on where somebody is signed in already."""
    if who.principal is not None:
        return back_to(next)
    return page(request, "sign_in.html", next=next, name="", fault="", link="")


@router.post("/sign-in")
def sign_in(
    request: Request,
    behind: Behind,
    who: Genuine,
    name: Annotated[str, Form(max_length=MAX_CHARACTERS)] = "",
    password: Annotated[str, Form(max_length=MAX_CHARACTERS)] = "",
    next: Annotated[str, Form(max_length=2 * MAX_CHARACTERS)] = "/",  # noqa: A002
) -> Response:
    """Start a session, or show the form again with what was wrong."""
    try:
        session = behind.sign_in.with_password(name, password, _address(request))
    except RefusedError as refusal:
        return page(request, "sign_in.html", status=403, next=next, name=name, fault=str(refusal), link="")
    return _welcomed(who.session, behind, session.token, session.expires_at, next)


@router.get("/sign-in/link")
def link_form(request: Request, _who: Anyone, token: Annotated[str, Query(max_length=MAX_CHARACTERS)] = "") -> Response:
    """Ask before using a one-time link, so that a mail scanner that looks at it does not use it up."""
    return page(request, "sign_in.html", next="/", name="", fault="", link=token)


@router.post("/sign-in/link")
def sign_in_by_link(
    request: Request, behind: Behind, who: Genuine, token: Annotated[str, Form(max_length=MAX_CHARACTERS)] = ""
) -> Response:
    """Start a session with a one-time link."""
    try:
        session = behind.sign_in.with_link(token, _address(request))
    except RefusedError as refusal:
        return page(request, "sign_in.html", status=403, next="/", name="", fault=str(refusal), link="")
    return _welcomed(who.session, behind, session.token, session.expires_at, "/")


@router.post("/sign-out")
def sign_out(behind: Behind, who: Genuine) -> Response:
    """End the session on the server and in the browser."""
    if who.session:
        behind.sign_in.end(who.session)
    response = back_to("/sign-in")
    forget(response, SESSION)
    return response


def _welcomed(old: str, behind: Behind, token: str, expires_at: str, target: str) -> Response:
    if old:
        behind.sign_in.end(old)
    response = back_to(target)
    seconds = int((moment.from_text(expires_at) - moment.now()).total_seconds())
    remember(response, SESSION, token, seconds=seconds)
    forget(response, BEFORE)
    return response


def _address(request: Request) -> str:
    return request.client.host if request.client else "unknown"
