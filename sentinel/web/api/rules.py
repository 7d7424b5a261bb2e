"""Rules as JSON: what is loaded, what each does, and in which state it is."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from sentinel.detect.rule import Fault
from sentinel.model.match import Level
from sentinel.model.rule_state import RuleState
from sentinel.web.answers import Json, plain
from sentinel.web.rules import RuleRow, decide, need_city, parse_state, row, rows
from sentinel.web.visitor import Behind, Reader, ScriptAdministrator

router = APIRouter(prefix="/api/v1/rules")

Id = Annotated[str, Path(max_length=64)]
MAX_FAULTS = 500


class NewState(BaseModel):
    """What shall become of a rule's matches."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: str = Field(pattern="^(enabled|shadow|disabled|inherited)$")
    agency: str = Field(default="", max_length=64)
    """For which agency and all below it; empty: the sender's own."""
    why: str = Field(min_length=1, max_length=4000)


@router.get("")
def rules(
    behind: Behind,
    who: Reader,
    text: Annotated[str, Query(max_length=200)] = "",
    state: Annotated[list[RuleState] | None, Query(max_length=10)] = None,
    level: Annotated[list[Level] | None, Query(max_length=10)] = None,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """List the rules in force, the busiest first, and what could not be loaded."""
    found = rows(behind, who, text=text, states=tuple(state or ()), levels=tuple(level or ()))
    shelf = behind.rules.now
    return Json(
        {
            "total": len(found),
            "rules": [document(each) for each in found[offset : offset + limit]],
            "loaded": len(shelf.infos),
            "faults": [_fault(fault) for fault in shelf.faults[:MAX_FAULTS]],
            "refused": behind.rules.refused,
        }
    )


@router.get("/{rule_id}")
def rule(behind: Behind, who: Reader, rule_id: Id) -> Response:
    """Return one rule with its text and what was decided about it."""
    found = row(behind, who, rule_id)
    more = {
        "text": behind.rules.text(rule_id),
        "decisions": behind.rule_states.about(rule_id, who.scope, who.agency),
    }
    return Json(document(found) | more)


@router.put("/{rule_id}/state")
def set_state(behind: Behind, who: ScriptAdministrator, rule_id: Id, wanted: NewState) -> Response:
    """Decide about a rule in an agency and all below it."""
    return Json(document(decide(behind, who, rule_id, wanted.agency, parse_state(wanted.state), wanted.why)))


@router.post("/reload")
def reload(behind: Behind, who: ScriptAdministrator) -> Response:
    """Ask for the rule files to be read again; it happens in the background, without losing an event."""
    need_city(who)
    behind.rules.ask(who.name)
    return Json({"asked": True}, status_code=202)


def document(found: RuleRow) -> dict[str, object]:
    """Return the rule as JSON values."""
    body = plain(found.rule)
    if not isinstance(body, dict):
        raise TypeError("a rule is a dataclass")
    cost = None if found.cost is None else round(found.cost.microseconds, 2)
    return body | {
        "state": found.state,
        "techniques": found.techniques,
        "is_correlation": found.is_correlation,
        "work": found.work,
        "evaluation_microseconds": cost,
    }


def _fault(fault: Fault) -> dict[str, object]:
    return {
        "file": fault.path.name,
        "rule_id": fault.rule_id,
        "message": fault.message,
        "is_set_aside": fault.is_set_aside,
    }
