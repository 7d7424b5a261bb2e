"""The agencies somebody may see, as JSON."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from sentinel.web.answers import Json
from sentinel.web.visitor import Behind, Reader

router = APIRouter(prefix="/api/v1/agencies")


@router.get("")
def agencies(
    behind: Behind, who: Reader, on: Annotated[str | None, Query(pattern=r"^\d{4}-\d{2}-\d{2}$")] = None
) -> Response:
    """List the agencies in scope, or those of them that existed on the day `on`."""
    return Json({"agencies": [agency for agency in behind.agencies.all(on) if agency.id in who.scope]})
