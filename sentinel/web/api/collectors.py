"""Collectors as JSON."""

from typing import Annotated

from fastapi import APIRouter, Path
from starlette.responses import Response

from sentinel.web.answers import Json
from sentinel.web.faults import NotFoundError
from sentinel.web.visitor import Behind, Reader

router = APIRouter(prefix="/api/v1/collectors")


@router.get("")
def collectors(behind: Behind, who: Reader) -> Response:
    """List collectors with what they reported last and what intake had to refuse."""
    return Json({"collectors": behind.identities.find(who.scope), "faults": behind.receiver.counters(who.scope)})


@router.get("/{collector_id}")
def collector(behind: Behind, who: Reader, collector_id: Annotated[str, Path(max_length=64)]) -> Response:
    """Return one collector."""
    found = behind.identities.get(who.scope, collector_id)
    if found is None:
        raise NotFoundError("there is no such collector among those you may see")
    return Json(found)
