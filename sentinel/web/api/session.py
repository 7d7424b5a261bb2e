"""The session of a person's program: begun with a one-time link, described with its CSRF token."""

from fastapi import APIRouter, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from sentinel.model import moment
from sentinel.web.answers import Json
from sentinel.web.visitor import SESSION, Anyone, Behind, Reader, from_here, remember

router = APIRouter(prefix="/api/v1/session")


class Link(BaseModel):
    """A one-time sign-in link's token."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    token: str = Field(max_length=1_000)


@router.post("")
def begin(request: Request, behind: Behind, link: Link) -> Response:
    """Start a session with a one-time link: the token is the proof, so no other is asked for."""
    from_here(request)
    address = request.client.host if request.client else "unknown"
    session = behind.sign_in.with_link(link.token, address)
    response = Json({"name": session.principal.name, "csrf": session.csrf})
    seconds = int((moment.from_text(session.expires_at) - moment.now()).total_seconds())
    remember(response, SESSION, session.token, seconds=seconds)
    return response


@router.get("")
def describe(who: Anyone, principal: Reader) -> Response:
    """Say who is signed in, what they may do, and the token that changes must carry in `X-CSRF-Token`."""
    return Json(
        {
            "name": principal.name,
            "role": principal.role,
            "agency": principal.agency,
            "language": principal.language,
            "csrf": who.csrf,
        }
    )
