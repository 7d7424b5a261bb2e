"""Incidents as JSON."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from sentinel.model.alert import CloseReason
from sentinel.model.incident import IncidentState
from sentinel.web.answers import Json
from sentinel.web.pages.incident import get_incident
from sentinel.web.visitor import Behind, Reader, ScriptOperator

router = APIRouter(prefix="/api/v1/incidents")

Id = Annotated[str, Path(max_length=64)]


class Note(BaseModel):
    """What somebody has to say."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str = Field(max_length=4000)


class Ending(BaseModel):
    """How an incident ended."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    note: str = Field(max_length=4000)
    reason: CloseReason = CloseReason.RESOLVED


@router.get("")
def incidents(
    behind: Behind,
    who: Reader,
    state: IncidentState | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """List incidents."""
    found = behind.incidents.find(who.scope, state=state, limit=limit, offset=offset)
    return Json({"total": found.total, "incidents": found.incidents})


@router.get("/{incident_id}")
def incident(behind: Behind, who: Reader, incident_id: Id) -> Response:
    """Return one incident with its timeline."""
    found = get_incident(behind, who, incident_id)
    return Json({"incident": found, "timeline": behind.incidents.timeline(who.scope, found.id)})


@router.post("/{incident_id}/notes")
def note(behind: Behind, who: ScriptOperator, incident_id: Id, written: Note) -> Response:
    """Write a note into the timeline."""
    get_incident(behind, who, incident_id)
    behind.incidents.note(who, incident_id, written.text)
    return Json({})


@router.post("/{incident_id}/close")
def close(behind: Behind, who: ScriptOperator, incident_id: Id, ending: Ending) -> Response:
    """Close the incident and its open alerts."""
    get_incident(behind, who, incident_id)
    return Json(behind.incidents.close(who, incident_id, ending.note, ending.reason))
