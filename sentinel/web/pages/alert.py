"""One alert: what, why, the raw line, what happened around it, and triage."""

from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from starlette.responses import Response

from sentinel.model.alert import Alert, AlertState, CloseReason
from sentinel.model.principal import Principal, Role
from sentinel.model.record import Record
from sentinel.web.faults import NotFoundError
from sentinel.web.readable import shown
from sentinel.web.related import around, lineage
from sentinel.web.services import Services
from sentinel.web.show import back_to, page
from sentinel.web.visitor import Behind, FormOperator, Reader

router = APIRouter()

Id = Annotated[str, Path(max_length=64)]
MAX_CONTRIBUTING = 20


@router.get("/alerts/{alert_id}")
def alert(request: Request, behind: Behind, who: Reader, alert_id: Id) -> Response:
    """Show one alert of the reader's scope."""
    found = get_alert(behind, who, alert_id)
    incident = behind.incidents.get(who.scope, found.incident) if found.incident else None
    events = around(behind.store, who.scope, found.fields)
    return page(
        request,
        "alert.html",
        alert=found,
        rule=behind.rules.get(found.rule_id),
        incident=incident,
        raw=shown(found.fields.get("event.original", "")),
        fields=[(name, shown(value)) for name, value in sorted(found.fields.items()) if name != "event.original"],
        events=events,
        contributing=_contributing(behind, who, found),
        lineage=lineage(behind.store, who.scope, found.fields),
        agencies={agency.id: agency for agency in behind.agencies.all()},
        reasons=tuple(CloseReason),
        may_triage=who.role.includes(Role.OPERATOR),
    )


@router.post("/alerts/{alert_id}/state")
def set_state(
    behind: Behind,
    who: FormOperator,
    alert_id: Id,
    state: Annotated[AlertState, Form()],
    reason: Annotated[CloseReason | None, Form()] = None,
    note: Annotated[str, Form(max_length=4000)] = "",
    back: Annotated[str, Form(max_length=2000)] = "",
) -> Response:
    """Move an alert to another state and go back to where it was done."""
    get_alert(behind, who, alert_id)
    behind.alerts.set_state(who, alert_id, state, reason if state is AlertState.CLOSED else None, note)
    return back_to(back or f"/alerts/{alert_id}", str(state))


def get_alert(behind: Services, who: Principal, alert_id: str) -> Alert:
    """Return the alert; raise `NotFoundError` where there is none in scope."""
    found = behind.alerts.get(who.scope, alert_id)
    if found is None:
        raise NotFoundError("there is no such alert among those you may see")
    return found


def _contributing(behind: Services, who: Principal, found: Alert) -> tuple[Record, ...]:
    ids = found.contributing[-MAX_CONTRIBUTING:]
    records = (behind.store.get(record_id, who.scope) for record_id in ids)
    return tuple(record for record in records if record is not None)
