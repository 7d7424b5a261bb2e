"""What collectors report of themselves."""

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


@router.post("/status")
def status(behind: Behind, sender: Sender, report: Annotated[dict[str, object], Body()]) -> Response:
    """Keep the last report of each collector."""
    if len(report) > MAX_NAMES or len(repr(report)) > MAX_CHARACTERS:
        raise InputError(f"a status has at most {MAX_NAMES} names and {MAX_CHARACTERS} characters")
    behind.identities.report(sender.id, report, moment.now())
    return Json({})
