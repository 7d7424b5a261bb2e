"""Who sends this request: the session behind the cookie, the language and the look, and the proof against forgery."""

import hmac
import secrets
from dataclasses import dataclass
from typing import Annotated, Any

from fastapi import Depends, Form, Header, Request
from starlette.responses import Response

from sentinel.errors import RefusedError
from sentinel.model.agency import Agency
from sentinel.model.principal import Principal, Role
from sentinel.web.language import DEFAULT, LANGUAGES
from sentinel.web.services import Services

SESSION = "__Host-sentinel"
BEFORE = "__Host-sentinel-before"
"""Random token of a browser that is not signed in; its forms must repeat it."""
LANGUAGE = "__Host-sentinel-language"
THEME = "__Host-sentinel-theme"
THEMES = ("auto", "light", "dark")
YEAR_SECONDS = 365 * 24 * 3600


class SignInNeededError(RefusedError):
    """Nobody is signed in: pages lead to the sign-in page, the API answers 401."""

    http_status = 401


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """What every page knows of its reader."""

    principal: Principal | None
    agency: Agency | None = None
    """Of the principal, for the page's head."""
    session: str
    """Session token; empty for nobody."""
    csrf: str
    """Token that this reader's forms and scripts must send."""
    needs_cookie: bool
    """Whether `csrf` is new and must be set as cookie."""
    language: str
    theme: str


def services(request: Request) -> Services:
    """Return the services the application was made with."""
    found: Services = request.app.state.services
    return found


def visitor(request: Request, behind: Annotated[Services, Depends(services)]) -> Visitor:
    """Return who is there, from cookies alone; never fails."""
    token = request.cookies.get(SESSION, "")
    session = behind.sign_in.session(token) if token else None
    before = request.cookies.get(BEFORE, "")
    principal, csrf = session or (None, before or secrets.token_urlsafe(32))
    who = Visitor(
        principal=principal,
        agency=behind.agencies.get(principal.agency) if principal else None,
        session=token if principal else "",
        csrf=csrf,
        needs_cookie=principal is None and not before,
        language=_chosen(request, LANGUAGE, LANGUAGES, principal.language if principal else DEFAULT),
        theme=_chosen(request, THEME, THEMES, "auto"),
    )
    request.state.visitor = who
    return who


def stranger(request: Request) -> Visitor:
    """Return the visitor of a request that failed before its session was looked up."""
    known = getattr(request.state, "visitor", None)
    if isinstance(known, Visitor):
        return known
    language = _chosen(request, LANGUAGE, LANGUAGES, DEFAULT)
    theme = _chosen(request, THEME, THEMES, "auto")
    return Visitor(principal=None, session="", csrf="", needs_cookie=False, language=language, theme=theme)


def _chosen(request: Request, cookie: str, allowed: tuple[str, ...], otherwise: str) -> str:
    value = request.cookies.get(cookie, "")
    if value in allowed:
        return value
    return otherwise if otherwise in allowed else allowed[0]


def remember(response: Response, name: str, value: str, seconds: int | None = YEAR_SECONDS) -> None:
    """Set a cookie that only this host gets, only over TLS, and no script reads."""
    response.set_cookie(name, value, max_age=seconds, path="/", secure=True, httponly=True, samesite="strict")


def forget(response: Response, name: str) -> None:
    """Delete a cookie set by `remember`."""
    response.delete_cookie(name, path="/", secure=True, httponly=True, samesite="strict")


def genuine(
    request: Request,
    who: Annotated[Visitor, Depends(visitor)],
    csrf: Annotated[str, Form(max_length=200)] = "",
) -> Visitor:
    """Return the visitor of a form of ours; raise `RefusedError` for one that another site made."""
    return _proven(request, who, csrf)


def from_here(request: Request) -> None:
    """Raise `RefusedError` where the browser says that another site made it send this."""
    if request.headers.get("sec-fetch-site", "same-origin") not in ("same-origin", "none"):
        raise RefusedError("this request was sent by another site; open the page here and try again")


def _proven(request: Request, who: Visitor, token: str) -> Visitor:
    from_here(request)
    if who.needs_cookie or not hmac.compare_digest(token.encode(), who.csrf.encode()):
        raise RefusedError("the form has expired or was not made here; reload the page and try again")
    return who


def reader(who: Annotated[Visitor, Depends(visitor)]) -> Principal:
    """Return the signed-in user; raise `SignInNeededError` for nobody."""
    if who.principal is None:
        raise SignInNeededError("sign in first")
    return who.principal


def form_sender(
    request: Request,
    who: Annotated[Visitor, Depends(visitor)],
    principal: Annotated[Principal, Depends(reader)],
    csrf: Annotated[str, Form(max_length=200)] = "",
) -> Principal:
    """Return the signed-in user who sent a form of ours."""
    _proven(request, who, csrf)
    return principal


def script_sender(
    request: Request,
    who: Annotated[Visitor, Depends(visitor)],
    principal: Annotated[Principal, Depends(reader)],
    x_csrf_token: Annotated[str, Header(max_length=200)] = "",
) -> Principal:
    """Return the signed-in user whose request to the API carries the token."""
    _proven(request, who, x_csrf_token)
    return principal


def need(principal: Principal, role: Role) -> Principal:
    """Return the user; raise `RefusedError` where the role is not enough."""
    if not principal.role.includes(role):
        raise RefusedError(f"this needs the role {role}; you have {principal.role}")
    return principal


def _with(role: Role, sender: Any) -> Any:
    def checked(principal: Annotated[Principal, sender]) -> Principal:
        return need(principal, role)

    return Depends(checked)


Behind = Annotated[Services, Depends(services)]
Anyone = Annotated[Visitor, Depends(visitor)]
Genuine = Annotated[Visitor, Depends(genuine)]
Reader = Annotated[Principal, Depends(reader)]
Auditor = Annotated[Principal, _with(Role.AUDITOR, Depends(reader))]
FormOperator = Annotated[Principal, _with(Role.OPERATOR, Depends(form_sender))]
FormResponder = Annotated[Principal, _with(Role.RESPONDER, Depends(form_sender))]
FormAdministrator = Annotated[Principal, _with(Role.ADMINISTRATOR, Depends(form_sender))]
ScriptOperator = Annotated[Principal, _with(Role.OPERATOR, Depends(script_sender))]
ScriptResponder = Annotated[Principal, _with(Role.RESPONDER, Depends(script_sender))]
ScriptAdministrator = Annotated[Principal, _with(Role.ADMINISTRATOR, Depends(script_sender))]
