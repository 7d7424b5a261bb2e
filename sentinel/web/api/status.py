"""What collectors report of themselves."""

import json
from typing import Annotated

from fastapi import APIRouter, Body
from starlette.responses import Response

from sentinel.errors import InputError
from sentinel.model import moment
from sentinel.web.answers import Json
from sentinel.web.identity import Sender
from sentinel.web.visitor import Behind

router = APIRouter(prefix="/api/v1")

MAX_NAMES = 200
MAX_CHARACTERS = 64_000
MAX_DEPTH = 8


@router.post("/status")
def status(behind: Behind, sender: Sender, report: Annotated[dict[str, object], Body()]) -> Response:
    """Keep the last report of each collector."""
    if len(report) > MAX_NAMES or _is_deeper(report, MAX_DEPTH) or _size(report) > MAX_CHARACTERS:
        raise InputError(f"a status has at most {MAX_NAMES} names, {MAX_CHARACTERS} characters and {MAX_DEPTH} levels")
    behind.identities.report(sender.id, report, moment.now())
    return Json({})


def _is_deeper(value: object, levels: int) -> bool:
    """Return whether `value` is nested deeper than `levels`; looks no further than that."""
    inside = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    return bool(inside) and (levels == 0 or any(_is_deeper(each, levels - 1) for each in inside))


def _size(report: dict[str, object]) -> int:
    """Return the length as JSON; raise `InputError` for NaN and the infinities, with which no list could answer."""
    try:
        return len(json.dumps(report, allow_nan=False))
    except ValueError as error:
        raise InputError("a status holds a number that JSON does not have") from error
