"""Language and look, kept in the browser: no account is needed to read the sign-in page in one's language."""

from typing import Annotated

from fastapi import APIRouter, Form
from starlette.responses import Response

from sentinel.errors import InputError
from sentinel.web.language import LANGUAGES
from sentinel.web.show import back_to
from sentinel.web.visitor import LANGUAGE, THEME, THEMES, Genuine, remember

router = APIRouter()


@router.post("/preferences")
def choose(
    _who: Genuine,
    language: Annotated[str, Form(max_length=10)] = "",
    theme: Annotated[str, Form(max_length=10)] = "",
    back: Annotated[str, Form(max_length=2000)] = "/",
) -> Response:
    """Remember what was chosen and go back to the page it was chosen on."""
    response = back_to(back)
    for name, value, allowed in ((LANGUAGE, language, LANGUAGES), (THEME, theme, THEMES)):
        if value and value not in allowed:
            raise InputError(f"there is no '{value[:10]}' here; choose one of {', '.join(allowed)}")
        if value:
            remember(response, name, value)
    return response
