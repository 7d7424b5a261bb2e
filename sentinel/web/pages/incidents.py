"""The list of incidents, those that wait for somebody first."""

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from sentinel.model.incident import IncidentState
from sentinel.web.paging import Paging
from sentinel.web.show import page
from sentinel.web.visitor import Behind, Reader

router = APIRouter()

STATES: dict[str, IncidentState | None] = {**{state.value: state for state in IncidentState}, "all": None}


@router.get("/incidents")
def incidents(
    request: Request,
    behind: Behind,
    who: Reader,
    state: Annotated[str, Query(max_length=20)] = "open",
    number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
) -> Response:
    """Show the incidents in the reader's scope, and the questions that wait for an answer."""
    chosen = state if state in STATES else "open"
    offset = Paging(number, 0).offset
    found = behind.incidents.find(who.scope, state=STATES[chosen], limit=Paging(1, 0).size, offset=offset)
    waiting = behind.runs.waiting(who.scope)
    return page(
        request,
        "incidents.html",
        incidents=found.incidents,
        chosen=chosen,
        states=tuple(STATES),
        paging=Paging(number, found.total),
        waiting=waiting,
        waiting_ids={run.incident for _, run in waiting},
        agencies={agency.id: agency for agency in behind.agencies.all()},
    )
