"""The collectors and senders of one's agencies: whether they are there, how far behind, what could not be kept."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from fastapi import APIRouter, Form, Path, Request
from starlette.responses import Response

from sentinel.model import moment
from sentinel.model.collector import Collector
from sentinel.model.principal import Role
from sentinel.web.faults import NotFoundError
from sentinel.web.senders import sender_rows
from sentinel.web.show import back_to, page
from sentinel.web.visitor import Behind, FormAdministrator, Reader
from sentinel.web.words import mark

router = APIRouter()

SILENT_AFTER = timedelta(minutes=5)
BEHIND_AFTER = timedelta(minutes=5)
NEARLY_FULL = 0.8

CONDITIONS = {
    "revoked": mark("Revoked"),
    "never": mark("Never reported"),
    "silent": mark("Silent"),
    "losing": mark("Losing events"),
    "full": mark("Spool nearly full"),
    "behind": mark("Behind"),
    "fine": mark("Up to date"),
}
"""Worst first, after revoked."""
BAD = ("never", "silent", "losing", "full", "behind")


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the page."""

    collector: Collector
    condition: str
    lag_seconds: float
    """Age of the oldest event still waiting on the agency's disk; 0 for none."""
    events: int
    used: int
    limit: int
    share: float
    """Of the spool's limit, 0 to 1."""
    drops: int
    faults: tuple[tuple[str, int], ...]
    """What intake refused or set aside, by reason."""


@router.get("/collectors")
def collectors(request: Request, behind: Behind, who: Reader) -> Response:
    """Show the collectors in the reader's scope, those in trouble first."""
    faults: dict[str, list[tuple[str, int]]] = {}
    for counter in behind.receiver.counters(who.scope):
        faults.setdefault(counter.collector, []).append((counter.reason, counter.count))
    at = moment.now()
    senders = sender_rows(behind.senders.find(who.scope), faults)
    rows = [row(one, tuple(faults.get(one.id, ())), at) for one in behind.identities.find(who.scope)]
    order = ["never", "silent", "losing", "full", "behind", "fine", "revoked"]
    rows.sort(key=lambda one: (order.index(one.condition), one.collector.agency, one.collector.name))
    return page(
        request,
        "collectors.html",
        rows=rows,
        senders=senders,
        conditions=CONDITIONS,
        bad=BAD,
        troubled=sum(one.condition in BAD for one in rows),
        agencies={agency.id: agency for agency in behind.agencies.all()},
        may_manage=who.role.includes(Role.ADMINISTRATOR),
    )


@router.post("/collectors/{collector_id}/revoke")
def revoke(
    behind: Behind,
    who: FormAdministrator,
    collector_id: Annotated[str, Path(max_length=64)],
    why: Annotated[str, Form(max_length=4000)] = "",
) -> Response:
    """Take a collector's right to send away."""
    if behind.identities.get(who.scope, collector_id) is None:
        raise NotFoundError("there is no such collector among those you may see")
    behind.identities.revoke(who, collector_id, why)
    return back_to("/collectors", "revoked")


def row(collector: Collector, faults: tuple[tuple[str, int], ...], at: datetime) -> Row:
    """Return what the page says of one collector at the time `at`."""
    status = collector.status
    events, used, limit = (_count(status, name) for name in ("spool_events", "spool_bytes", "spool_limit_bytes"))
    drops = _count(status, "drops")
    share = min(used / limit, 1.0) if limit else 0.0
    lag = _age(status.get("oldest_event_at"), at) if events else 0.0
    return Row(
        collector=collector,
        condition=_condition(collector, share, lag, drops, at),
        lag_seconds=lag,
        events=events,
        used=used,
        limit=limit,
        share=share,
        drops=drops,
        faults=faults,
    )


def _condition(collector: Collector, share: float, lag: float, drops: int, at: datetime) -> str:
    if collector.revoked:
        return "revoked"
    if collector.last_seen_at is None:
        return "never"
    if at - moment.from_text(collector.last_seen_at) > SILENT_AFTER:
        return "silent"
    if drops:
        return "losing"
    if share >= NEARLY_FULL:
        return "full"
    return "behind" if lag > BEHIND_AFTER.total_seconds() else "fine"


def _count(status: Mapping[str, object], name: str) -> int:
    """Return a number the collector reported; its report is outside input and may hold anything."""
    value = status.get(name, 0)
    if isinstance(value, Mapping):
        return sum(_count(value, str(part)) for part in value if not isinstance(value[part], Mapping))
    return max(int(value), 0) if isinstance(value, (int, float)) and abs(value) < 2**63 else 0


def _age(value: object, at: datetime) -> float:
    try:
        return max((at - moment.from_text(str(value))).total_seconds(), 0.0)
    except (ValueError, OverflowError):
        return 0.0
