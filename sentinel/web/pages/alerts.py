"""The alert queue: what needs a look, worst and newest first."""

from dataclasses import dataclass
from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import RedirectResponse, Response

from sentinel.model.alert import Alert, AlertState, CloseReason
from sentinel.model.match import Level
from sentinel.model.principal import Role
from sentinel.web.paging import Paging
from sentinel.web.readable import shown
from sentinel.web.show import page
from sentinel.web.visitor import Behind, Reader

router = APIRouter()

OPEN = (AlertState.NEW, AlertState.ACKNOWLEDGED)
STATES: dict[str, tuple[AlertState, ...]] = {
    "open": OPEN,
    **{state.value: (state,) for state in AlertState},
    "all": tuple(AlertState),
}
"""What the filter offers, by the value in the address."""
TELLING = ("source.ip", "user.name", "process.command_line", "url.original", "dns.question.name", "destination.ip")
"""Fields shown in the queue, the first three that the alert has."""


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the queue."""

    alert: Alert
    telling: tuple[tuple[str, str], ...]


@router.get("/")
def home() -> Response:
    """Lead to the queue: it is what an operator comes for."""
    return RedirectResponse("/alerts", status_code=303)


@router.get("/alerts")
def alerts(
    request: Request,
    behind: Behind,
    who: Reader,
    state: Annotated[str, Query(max_length=20)] = "open",
    level: Annotated[list[Level] | None, Query(max_length=10)] = None,
    text: Annotated[str, Query(max_length=200)] = "",
    number: Annotated[int, Query(alias="page", ge=1, le=10_000)] = 1,
) -> Response:
    """Show the alerts in the reader's scope that the filter lets through."""
    chosen = state if state in STATES else "open"
    levels = tuple(level or ())
    offset = Paging(number, 0).offset
    found = behind.alerts.find(
        who.scope, states=STATES[chosen], levels=levels, text=text, limit=Paging(1, 0).size, offset=offset
    )
    counts = behind.alerts.counts(who.scope)
    return page(
        request,
        "alerts.html",
        rows=[Row(alert, telling(alert)) for alert in found.alerts],
        counts={name: sum(counts.get(one, 0) for one in states) for name, states in STATES.items()},
        chosen=chosen,
        levels=levels,
        all_levels=[*reversed(Level)],
        text=text,
        paging=Paging(number, found.total),
        agencies={agency.id: agency for agency in behind.agencies.all()},
        reasons=tuple(CloseReason),
        may_triage=who.role.includes(Role.OPERATOR),
    )


def telling(alert: Alert) -> tuple[tuple[str, str], ...]:
    """Return the few fields that tell this alert from its neighbours."""
    values = ((name, alert.fields[name]) for name in TELLING if name in alert.fields)
    return tuple((name, shown(value)[:160]) for name, value in values)[:3]
