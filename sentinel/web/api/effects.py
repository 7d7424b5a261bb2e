"""Changes on machines, as JSON, and the order to undo one."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from sentinel.web.answers import Json
from sentinel.web.api.runs import Why
from sentinel.web.faults import NotFoundError
from sentinel.web.visitor import Behind, Reader, ScriptResponder

router = APIRouter(prefix="/api/v1/effects")

MAX_RUNS = 500


@router.get("")
def effects(behind: Behind, who: Reader, incident: Annotated[str, Query(max_length=64)]) -> Response:
    """List the effects of an incident's runs."""
    runs = behind.runs.find(who.scope, incident=incident, limit=MAX_RUNS)
    return Json({"effects": [effect for run in runs for effect in run.effects]})


@router.post("/{effect_id}/undo")
def undo(behind: Behind, who: ScriptResponder, effect_id: Annotated[str, Path(max_length=64)], reason: Why) -> Response:
    """Order the undo of an effect before its time."""
    if behind.runs.of_effect(who.scope, effect_id) is None:
        raise NotFoundError("there is no such effect among those you may see")
    behind.runs.undo(who, effect_id, reason.why)
    behind.wake_runs.set()
    return Json({})
