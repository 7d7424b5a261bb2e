"""Places the alerts of a batch in incidents: open ones are read once, what has changed in them is written once."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from sqlalchemy import Connection, bindparam, func, insert, select, update

from sentinel.audit import Audit
from sentinel.database.tables import alerts, incidents
from sentinel.database.timeline import Line, write
from sentinel.incidents import grouping
from sentinel.model import moment
from sentinel.model.alert import Alert
from sentinel.model.incident import IncidentState

SYSTEM = "system"
_CHUNK = 500


@dataclass(slots=True)
class Open:
    """An open incident and what its alerts have in common."""

    id: str
    agency: str
    priority: str
    number: int
    first_at: str
    last_at: str
    has_grown: bool = False

    def takes(self, alert: Alert) -> bool:
        """Return whether the alert belongs here."""
        return self.number < grouping.MAX_ALERTS and grouping.is_near(alert, self.first_at, self.last_at)

    def take(self, alert: Alert) -> None:
        """Count the alert in."""
        self.number += 1
        self.first_at, self.last_at = min(self.first_at, alert.first_at), max(self.last_at, alert.last_at)
        self.has_grown = True


class Attaching:
    """One batch, in one transaction in which nobody else changes incidents."""

    def __init__(self, connection: Connection, audit: Audit, batch: Iterable[Alert]) -> None:
        """Read the open incidents that alerts of the batch may join."""
        self._connection = connection
        self._audit = audit
        self._now = moment.to_text(moment.now())
        keys = {grouping.key(alert) for alert in batch if alert.incident is None}
        self._open = _open(connection, sorted(keys))
        self._opened: list[dict[str, object]] = []
        self._attached: list[dict[str, object]] = []
        self._lines: list[Line] = []

    def attach(self, alert: Alert) -> str | None:
        """Return the incident of an alert: its own, one it joins, or one it opens; None where it belongs to none."""
        if alert.incident is not None:
            return alert.incident
        beside = self._open[grouping.key(alert)]
        found = next((each for each in beside if each.takes(alert)), None)
        if found is None and not grouping.opens(alert):
            return None
        incident = found or self._begin(alert)
        incident.take(alert)
        self._attached.append({"alert": alert.id, "to": incident.id})
        text = f"The rule '{alert.title}' fired" + (f" on {alert.host}" if alert.host else "")
        facts = {
            "alert": alert.id,
            "title": alert.title,
            "title_vi": alert.title_vi,
            "level": alert.level.value,
            "host": alert.host,
        }
        self._tell(incident, f"alert:{alert.id}", "event", "alert.raised", text, facts, alert.first_at)
        if found is not None:
            self._raise_priority(incident, alert)
        return incident.id

    def write(self) -> None:
        """Write what `attach` decided."""
        if self._opened:
            self._connection.execute(insert(incidents), self._opened)
        if self._attached:
            change = update(alerts).where(alerts.c.id == bindparam("alert")).values(incident=bindparam("to"))
            self._connection.execute(change, self._attached)
        write(self._connection, self._lines)
        grown = [
            {"which": each.id, "to": each.priority, "at": self._now}
            for beside in self._open.values()
            for each in beside
            if each.has_grown
        ]
        if grown:
            change = update(incidents).where(incidents.c.id == bindparam("which"))
            self._connection.execute(change.values(priority=bindparam("to"), changed_at=bindparam("at")), grown)

    def _begin(self, alert: Alert) -> Open:
        priority = grouping.priority(alert.level).value
        begun = Open(grouping.incident_id(alert), alert.agency, priority, 0, alert.first_at, alert.last_at)
        # The youngest is asked first.
        self._open[grouping.key(alert)].insert(0, begun)
        self._opened.append(
            {
                "id": begun.id,
                "group_key": grouping.key(alert),
                "title": alert.title,
                "title_vi": alert.title_vi,
                "agency": alert.agency,
                "host": alert.host,
                "priority": priority,
                "state": IncidentState.OPEN.value,
                "note": "",
                "opened_at": self._now,
                "changed_at": self._now,
            }
        )
        detail = {"alert": alert.id, "rule": alert.rule_id, "priority": priority}
        self._record(begun, "incident.opened", detail=detail)
        text = f"Incident opened with priority {priority}"
        self._tell(begun, "opened", "state", "incident.opened", text, {"priority": priority})
        return begun

    def _raise_priority(self, incident: Open, alert: Alert) -> None:
        old, new = incident.priority, grouping.priority(alert.level).value
        if new < old:
            incident.priority = new
            self._record(incident, "incident.priority_raised", why=f"alert {alert.id}")
            text, facts = f"Priority raised from {old} to {new}", {"from": old, "to": new, "alert": alert.id}
            self._tell(incident, f"priority:{alert.id}", "state", "incident.priority_raised", text, facts)

    def _record(
        self, incident: Open, action: str, *, why: str = "", detail: Mapping[str, object] | None = None
    ) -> None:
        self._audit.record(
            actor=SYSTEM,
            agency=incident.agency,
            action=action,
            object=incident.id,
            why=why,
            detail=dict(detail or {}),
            connection=self._connection,
        )

    def _tell(
        self, incident: Open, key: str, kind: str, code: str, text: str, facts: Mapping[str, object], at: str = ""
    ) -> None:
        when = at or self._now
        self._lines.append(
            Line(incident=incident.id, key=key, at=when, kind=kind, actor=SYSTEM, code=code, text=text, facts=facts)
        )


def _open(connection: Connection, keys: list[str]) -> defaultdict[str, list[Open]]:
    """Return the open incidents by group, the youngest first."""
    found: defaultdict[str, list[Open]] = defaultdict(list)
    span = func.count(), func.min(alerts.c.first_at), func.max(alerts.c.last_at)
    for start in range(0, len(keys), _CHUNK):
        query = (
            select(incidents.c.group_key, incidents.c.id, incidents.c.agency, incidents.c.priority, *span)
            .join(alerts, alerts.c.incident == incidents.c.id)
            .where(incidents.c.group_key.in_(keys[start : start + _CHUNK]))
            .where(incidents.c.state == IncidentState.OPEN.value)
            .group_by(incidents.c.id)
            .order_by(incidents.c.opened_at.desc(), incidents.c.id)
        )
        for group, *rest in connection.execute(query).all():
            found[group].append(Open(*rest))
    return found
