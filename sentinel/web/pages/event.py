"""One stored event, with all its fields; the address to hand to a colleague."""

from typing import Annotated

from fastapi import APIRouter, Path, Request
from starlette.responses import Response

from sentinel.web.faults import NotFoundError
from sentinel.web.readable import shown
from sentinel.web.related import around, lineage
from sentinel.web.show import page
from sentinel.web.visitor import Behind, Reader

router = APIRouter()


@router.get("/events/{record_id}")
def event(request: Request, behind: Behind, who: Reader, record_id: Annotated[str, Path(max_length=64)]) -> Response:
    """Show one event of the reader's scope."""
    record = behind.store.get(record_id, who.scope)
    if record is None:
        raise NotFoundError("there is no such event among those you may see")
    behind.audit.record(
        actor=who.name,
        agency=str(record.fields.get("organization.id", who.agency)),
        action="event.read",
        object=record.id,
    )
    return page(
        request,
        "event.html",
        record=record,
        raw=shown(record.fields.get("event.original", "")),
        fields=[(name, shown(value)) for name, value in sorted(record.fields.items()) if name != "event.original"],
        events=around(behind.store, who.scope, record.fields),
        lineage=lineage(behind.store, who.scope, record.fields),
        agencies={agency.id: agency for agency in behind.agencies.all()},
    )
