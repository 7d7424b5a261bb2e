"""The audit log of one's agencies: who did what, to what, and why."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from sentinel.web.show import page
from sentinel.web.visitor import Auditor, Behind

router = APIRouter()

SIZE = 100


@router.get("/audit")
def audit(
    request: Request,
    behind: Behind,
    who: Auditor,
    before: Annotated[int, Query(ge=0, le=2**62)] = 0,
) -> Response:
    """Show entries of the reader's scope, the newest first."""
    entries = behind.audit.entries(before, SIZE + 1, scope=who.scope, newest_first=True)
    return page(
        request,
        "audit.html",
        entries=entries[:SIZE],
        before=before,
        more=entries[SIZE - 1].sequence if len(entries) > SIZE else 0,
        agencies={agency.id: agency for agency in behind.agencies.all()},
    )
