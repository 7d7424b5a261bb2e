"""Playbook runs as JSON."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from sentinel.model.principal import Principal
from sentinel.model.run import Run, RunState
from sentinel.web.answers import Json
from sentinel.web.faults import NotFoundError
from sentinel.web.pages.incident import get_incident
from sentinel.web.services import Services
from sentinel.web.visitor import Behind, Reader, ScriptOperator, ScriptResponder

router = APIRouter(prefix="/api/v1/runs")

Id = Annotated[str, Path(max_length=64)]


class Start(BaseModel):
    """Which playbook shall work on which incident."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    playbook: str = Field(max_length=100)
    incident: str = Field(max_length=64)
    inputs: dict[str, object] = Field(default_factory=dict, max_length=100)


class Why(BaseModel):
    """A reason for the audit log."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    why: str = Field(max_length=4000)


@router.get("")
def runs(
    behind: Behind,
    who: Reader,
    incident: Annotated[str | None, Query(max_length=64)] = None,
    state: RunState | None = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
) -> Response:
    """List runs."""
    return Json({"runs": behind.runs.find(who.scope, incident=incident, state=state, limit=limit)})


@router.post("")
def start(behind: Behind, who: ScriptOperator, wanted: Start) -> Response:
    """Start a playbook on an incident."""
    get_incident(behind, who, wanted.incident)
    run_id = behind.runs.start(who, wanted.playbook, wanted.incident, wanted.inputs)
    behind.wake_runs.set()
    return Json({"run": run_id}, status_code=201)


@router.get("/{run_id}")
def run(behind: Behind, who: Reader, run_id: Id) -> Response:
    """Return one run with steps, approvals and effects."""
    return Json(_get_run(behind, who, run_id))


@router.post("/{run_id}/cancel")
def cancel(behind: Behind, who: ScriptResponder, run_id: Id, reason: Why) -> Response:
    """Stop a run; what it did stays until its undo."""
    _get_run(behind, who, run_id)
    behind.runs.cancel(who, run_id, reason.why)
    behind.wake_runs.set()
    return Json({})


def _get_run(behind: Services, who: Principal, run_id: str) -> Run:
    found = behind.runs.get(who.scope, run_id)
    if found is None:
        raise NotFoundError("there is no such run among those you may see")
    return found
