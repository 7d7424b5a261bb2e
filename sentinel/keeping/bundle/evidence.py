"""Gathers what belongs to an incident: the incident itself, its timeline, its alerts, and the events behind them."""

from collections.abc import Iterator
from dataclasses import asdict, dataclass

from sqlalchemy import Engine, select

from sentinel.alerts.queue import Alerts
from sentinel.database.connect import reading
from sentinel.database.tables import alert_matches
from sentinel.errors import InputError
from sentinel.incidents.book import Incidents
from sentinel.model.agency import Scope
from sentinel.model.alert import Alert
from sentinel.model.record import Record
from sentinel.store import Store

MAX_EVENTS = 100_000


@dataclass(frozen=True, slots=True)
class Evidence:
    """What is to be sealed."""

    document: dict[str, object]
    """Incident, timeline and alerts as plain JSON."""
    ids: tuple[str, ...]
    """Ids of the events that the alerts name."""


def gather(engine: Engine, incidents: Incidents, alerts: Alerts, scope: Scope, incident_id: str) -> Evidence:
    """Return what belongs to an incident; raise `InputError` where there is none in scope, or it names too much."""
    incident = incidents.get(scope, incident_id)
    if incident is None:
        raise InputError(f"there is no incident '{incident_id[:64]}' in that agency")
    found = [alert for each in incident.alerts if (alert := alerts.get(scope, each)) is not None]
    ids = _ids(engine, found)
    if len(ids) > MAX_EVENTS:
        raise InputError(f"the incident's alerts name {len(ids)} events, more than {MAX_EVENTS}; seal a query instead")
    document: dict[str, object] = {
        "incident": asdict(incident),
        "timeline": [asdict(entry) for entry in incidents.timeline(scope, incident_id)],
        "alerts": [asdict(alert) for alert in found],
    }
    return Evidence(document, ids)


def records(store: Store, scope: Scope, ids: tuple[str, ...], missing: list[str]) -> Iterator[Record]:
    """Yield the events that are still there, in order of their ids; add the ids of the others to `missing`."""
    for each in ids:
        record = store.get(each, scope)
        if record is None:
            missing.append(each)
        else:
            yield record


def _ids(engine: Engine, found: list[Alert]) -> tuple[str, ...]:
    named = {alert.record_id for alert in found} | {each for alert in found for each in alert.contributing}
    query = select(alert_matches.c.record_id)
    with reading(engine) as connection:
        for alert in found:
            named |= set(connection.execute(query.where(alert_matches.c.alert == alert.id)).scalars())
    return tuple(sorted(named))
