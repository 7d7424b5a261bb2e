"""Alerts as JSON."""

from typing import Annotated

from fastapi import APIRouter, Path, Query
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from sentinel.model.alert import Alert, AlertState, CloseReason
from sentinel.model.match import Level
from sentinel.model.record import nest
from sentinel.web.answers import Json, plain
from sentinel.web.pages.alert import get_alert
from sentinel.web.visitor import Behind, Reader, ScriptOperator

router = APIRouter(prefix="/api/v1/alerts")

Id = Annotated[str, Path(max_length=64)]


class NewState(BaseModel):
    """Where an alert shall stand."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    state: AlertState
    reason: CloseReason | None = None
    """Needed to close."""
    note: str = Field(default="", max_length=4000)


@router.get("")
def alerts(
    behind: Behind,
    who: Reader,
    state: Annotated[list[AlertState] | None, Query(max_length=10)] = None,
    level: Annotated[list[Level] | None, Query(max_length=10)] = None,
    text: Annotated[str, Query(max_length=200)] = "",
    rule: Annotated[str | None, Query(max_length=64)] = None,
    host: Annotated[str | None, Query(max_length=255)] = None,
    incident: Annotated[str | None, Query(max_length=64)] = None,
    limit: Annotated[int, Query(ge=1, le=500)] = 50,
    offset: Annotated[int, Query(ge=0, le=1_000_000)] = 0,
) -> Response:
    """List alerts, worst and newest first, with how many there are in each state."""
    found = behind.alerts.find(
        who.scope,
        states=tuple(state or ()),
        levels=tuple(level or ()),
        text=text,
        rule_id=rule,
        host=host,
        incident=incident,
        limit=limit,
        offset=offset,
    )
    counts = behind.alerts.counts(who.scope)
    return Json({"total": found.total, "counts": counts, "alerts": [document(alert) for alert in found.alerts]})


@router.get("/by-rule")
def by_rule(behind: Behind, who: Reader) -> Response:
    """Count alerts and matches of each rule, worst rule first."""
    return Json({"rules": [count._asdict() for count in behind.alerts.counts_by_rule(who.scope)]})


@router.get("/{alert_id}")
def alert(behind: Behind, who: Reader, alert_id: Id) -> Response:
    """Return one alert."""
    return Json(document(get_alert(behind, who, alert_id)))


@router.post("/{alert_id}/state")
def set_state(behind: Behind, who: ScriptOperator, alert_id: Id, wanted: NewState) -> Response:
    """Move an alert to another state."""
    get_alert(behind, who, alert_id)
    return Json(document(behind.alerts.set_state(who, alert_id, wanted.state, wanted.reason, wanted.note)))


def document(alert: Alert) -> dict[str, object]:
    """Return the alert with its event as a nested ECS document."""
    body = plain(alert)
    if not isinstance(body, dict):
        raise TypeError("an alert is a dataclass")
    body["event"] = nest(alert.fields)
    del body["fields"]
    return body
