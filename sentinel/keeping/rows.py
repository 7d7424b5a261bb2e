"""Deletes from the database what is past its time: what was closed long ago, with everything that hangs on it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, Engine, Table, and_, delete, exists, func, not_, or_, select

from sentinel.audit import Audit
from sentinel.database.connect import reading
from sentinel.database.storage_tables import hunt_hits, hunts, quarantine
from sentinel.database.tables import (
    alert_matches,
    alerts,
    approvals,
    commands,
    effects,
    incident_entries,
    incidents,
    runs,
    steps,
)
from sentinel.keeping.terms import ROWS, Terms
from sentinel.model.agency import CITY
from sentinel.model.alert import AlertState
from sentinel.model.incident import IncidentState
from sentinel.model.moment import to_text
from sentinel.store import Stop, go_on
from sentinel.store.expiry import Held

CHUNK = 500
MAX_CHUNKS = 200
"""In one go, so that a go ends."""
Due = Callable[[str, Sequence[Held]], ColumnElement[bool]]


@dataclass(frozen=True, slots=True)
class Kind:
    """One kind of rows: which are due before a time, and what goes with them."""

    table: Table
    at: str
    """Column of the time that counts."""
    due: Due
    remove: Callable[[Connection, Sequence[str]], None]


def count(engine: Engine, terms: Terms, held: Sequence[Held], at: datetime) -> dict[str, int]:
    """Return how many of each kind would go now."""
    with reading(engine) as connection:
        found = {
            name: connection.execute(
                select(func.count()).select_from(KINDS[name].table).where(_due(name, terms, held, at))
            ).scalar_one()
            for name in ROWS
        }
    return {name: number for name, number in found.items() if number}


def expire(
    engine: Engine, audit: Audit, terms: Terms, held: Sequence[Held], at: datetime, stop: Stop | None = None
) -> dict[str, int]:
    """Delete; return how many of each kind. Each chunk and its audit entry are one transaction.

    Raises `StoppedError` where `stop` is set, and leaves the chunk at hand as it was.
    """
    gone: dict[str, int] = {}
    for name in ROWS:
        for _ in range(MAX_CHUNKS):
            number = _chunk(engine, audit, name, _due(name, terms, held, at), terms.of(name).days, stop)
            if not number:
                break
            gone[name] = gone.get(name, 0) + number
    return gone


def _chunk(engine: Engine, audit: Audit, name: str, due: ColumnElement[bool], days: int, stop: Stop | None) -> int:
    kind = KINDS[name]
    moment = kind.table.c[kind.at]
    query = select(kind.table.c.id, moment).where(due).order_by(moment, kind.table.c.id).limit(CHUNK)
    with reading(engine) as connection:
        if connection.execute(query.limit(1)).first() is None:
            return 0
    with engine.begin() as connection:
        found = connection.execute(query.with_for_update()).all()
        if not found:
            return 0
        kind.remove(connection, [row[0] for row in found])
        detail = {"first": found[0][1], "last": found[-1][1], "days": days}
        audit.record(
            actor="system",
            agency=CITY,
            action=f"{name}.expired",
            object=name,
            detail={"value": len(found), "unit": "rows", **detail},
            connection=connection,
        )
        # At the last moment before it counts.
        go_on(stop)
    return len(found)


def _due(name: str, terms: Terms, held: Sequence[Held], at: datetime) -> ColumnElement[bool]:
    return KINDS[name].due(to_text(at - timedelta(days=terms.of(name).days)), held)


def _unheld(table: Table, first: str, last: str, held: Sequence[Held]) -> ColumnElement[bool]:
    """Return the condition that no hold of the agency touches the time of a row, whatever the dataset."""
    touching = [
        and_(
            table.c[first] < each.end,
            table.c[last] >= each.start,
            *([table.c.agency.in_(sorted(each.agencies))] if each.agencies is not None else []),
        )
        for each in held
    ]
    return not_(or_(*touching)) if touching else table.c.id.is_not(None)


def _incidents(before: str, held: Sequence[Held]) -> ColumnElement[bool]:
    is_busy = exists().where(runs.c.incident == incidents.c.id, runs.c.ended_at.is_(None))
    return and_(
        incidents.c.state == IncidentState.CLOSED.value,
        incidents.c.closed_at < before,
        not_(is_busy),
        _unheld(incidents, "opened_at", "closed_at", held),
    )


def _alerts(before: str, held: Sequence[Held]) -> ColumnElement[bool]:
    # Those of an incident go with it.
    return and_(
        alerts.c.state == AlertState.CLOSED.value,
        alerts.c.incident.is_(None),
        alerts.c.changed_at < before,
        alerts.c.last_at < before,
        _unheld(alerts, "first_at", "last_at", held),
    )


def _quarantine(before: str, held: Sequence[Held]) -> ColumnElement[bool]:
    # Whatever the dataset: what could not be read may be of another than it says.
    return and_(quarantine.c.at < before, _unheld(quarantine, "at", "at", held))


def _hunts(before: str, held: Sequence[Held]) -> ColumnElement[bool]:
    del held  # an answer can be had again as long as the events are there
    return hunts.c.changed_at < before


def _remove_incidents(connection: Connection, ids: Sequence[str]) -> None:
    of_runs = select(runs.c.id).where(runs.c.incident.in_(ids))
    of_effects = select(effects.c.id).where(effects.c.run.in_(of_runs))
    connection.execute(delete(commands).where(commands.c.effect.in_(of_effects)))
    for table in (effects, approvals, steps):
        connection.execute(delete(table).where(table.c.run.in_(of_runs)))
    connection.execute(delete(runs).where(runs.c.incident.in_(ids)))
    of_alerts = connection.execute(select(alerts.c.id).where(alerts.c.incident.in_(ids))).scalars().all()
    _remove_alerts(connection, of_alerts)
    connection.execute(delete(incident_entries).where(incident_entries.c.incident.in_(ids)))
    connection.execute(delete(incidents).where(incidents.c.id.in_(ids)))


def _remove_alerts(connection: Connection, ids: Sequence[str]) -> None:
    for start in range(0, len(ids), CHUNK):
        part = ids[start : start + CHUNK]
        connection.execute(delete(alert_matches).where(alert_matches.c.alert.in_(part)))
        connection.execute(delete(alerts).where(alerts.c.id.in_(part)))


def _remove_quarantine(connection: Connection, ids: Sequence[str]) -> None:
    connection.execute(delete(quarantine).where(quarantine.c.id.in_(ids)))


def _remove_hunts(connection: Connection, ids: Sequence[str]) -> None:
    connection.execute(delete(hunt_hits).where(hunt_hits.c.hunt.in_(ids)))
    connection.execute(delete(hunts).where(hunts.c.id.in_(ids)))


KINDS: Mapping[str, Kind] = {
    "incidents": Kind(incidents, "closed_at", _incidents, _remove_incidents),
    "alerts": Kind(alerts, "last_at", _alerts, _remove_alerts),
    "quarantine": Kind(quarantine, "at", _quarantine, _remove_quarantine),
    "hunts": Kind(hunts, "changed_at", _hunts, _remove_hunts),
}
