"""Questions of playbooks to people, as JSON."""

from typing import Annotated

from fastapi import APIRouter, Path
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from sentinel.model import moment
from sentinel.web.answers import Json
from sentinel.web.faults import NotFoundError
from sentinel.web.visitor import Behind, Reader, ScriptOperator

router = APIRouter(prefix="/api/v1/approvals")


class Decision(BaseModel):
    """The answer to a question."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    approved: bool
    note: str = Field(default="", max_length=4000)


@router.get("")
def approvals(behind: Behind, who: Reader) -> Response:
    """List the questions that wait for an answer."""
    waiting = behind.runs.waiting(who.scope)
    return Json({"approvals": [{"approval": approval, "incident": run.incident} for approval, run in waiting]})


@router.post("/{approval_id}/decision")
def decide(
    behind: Behind, who: ScriptOperator, approval_id: Annotated[str, Path(max_length=64)], decision: Decision
) -> Response:
    """Approve or refuse; a question that no longer waits is not found."""
    if not any(approval.id == approval_id for approval, _ in behind.runs.waiting(who.scope)):
        raise NotFoundError("there is no such approval waiting among those you may see")
    decided = behind.runs.decide(who, approval_id, approved=decision.approved, note=decision.note, now=moment.now())
    behind.wake_runs.set()
    return Json(decided)
