"""The audit log as JSON."""

from typing import Annotated

from fastapi import APIRouter, Query
from starlette.responses import Response

from sentinel.web.answers import Json
from sentinel.web.visitor import Auditor, Behind

router = APIRouter(prefix="/api/v1/audit")


@router.get("")
def audit(
    behind: Behind,
    who: Auditor,
    after: Annotated[int, Query(ge=0, le=2**62)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
) -> Response:
    """List entries of the scope's agencies after a sequence, oldest first."""
    return Json({"entries": behind.audit.entries(after, limit, scope=who.scope)})
