"""Hunts as JSON: ask for one with rules in force, see how far it is and what it found, stop it, make alerts of it."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from sentinel.hunt.rows import Hunt, Question
from sentinel.web.answers import Json, plain
from sentinel.web.ranges import instant
from sentinel.web.visitor import Behind, Reader, ScriptOperator

router = APIRouter(prefix="/api/v1/hunts")

Id = Annotated[str, Path(max_length=64)]


class NewHunt(BaseModel):
    """What to hunt for."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    rules: list[Annotated[str, Field(max_length=64)]] = Field(default=[], max_length=10_000)
    """Ids of rules in force; none: all of them."""
    query: str = Field(default="*", max_length=2000)
    start: str | None = Field(default=None, alias="from", max_length=40)
    end: str | None = Field(default=None, alias="to", max_length=40)
    exhaustive: bool = False


@router.post("")
def begin(behind: Behind, who: ScriptOperator, wanted: NewHunt) -> Response:
    """Begin a hunt in the background and answer with it."""
    question = Question(
        rules=tuple(wanted.rules),
        query=wanted.query,
        start=instant(wanted.start),
        end=instant(wanted.end),
        exhaustive=wanted.exhaustive,
    )
    begun = behind.hunting.begin(who, question)
    behind.hunting.in_background(who, begun.id)
    return Json(_document(begun), status_code=202)


@router.get("")
def hunts(behind: Behind, who: Reader) -> Response:
    """List the hunts of one's agencies, newest first."""
    return Json({"hunts": [_document(each) for each in behind.hunting.hunts.find(who.scope)]})


@router.get("/{hunt_id}")
def hunt(
    behind: Behind,
    who: Reader,
    hunt_id: Id,
    limit: Annotated[int, Query(ge=0, le=1000)] = 100,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """Return a hunt with a page of what it found."""
    found = behind.hunting.hunts.get(who.scope, hunt_id)
    matches = behind.hunting.hunts.matches(found.id, limit, offset)
    return Json(
        _document(found)
        | {"counts": behind.hunting.hunts.counts(found.id), "matches": [plain(each) for each in matches]}
    )


@router.post("/{hunt_id}/stop")
def stop(behind: Behind, who: ScriptOperator, hunt_id: Id) -> Response:
    """Stop a hunt after the page it is at."""
    return Json(_document(behind.hunting.cancel(who, hunt_id)))


@router.post("/{hunt_id}/resume")
def resume(behind: Behind, who: ScriptOperator, hunt_id: Id) -> Response:
    """Go on with a hunt in the background."""
    found = behind.hunting.hunts.get(who.scope, hunt_id)
    behind.hunting.in_background(who, found.id)
    return Json(_document(found), status_code=202)


@router.post("/{hunt_id}/alerts")
def alerts(behind: Behind, who: ScriptOperator, hunt_id: Id) -> Response:
    """Make alerts of what a hunt found; no playbook starts."""
    return Json({"alerts": behind.hunting.raise_alerts(who, hunt_id)})


def _document(found: Hunt) -> dict[str, object]:
    body = plain(found)
    if not isinstance(body, dict):
        raise TypeError("a hunt is a dataclass")
    del body["progress"]["state"]
    return body
