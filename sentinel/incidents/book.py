"""The book of incidents: alerts come in, people read, note and close, playbooks write down what they did."""

from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Connection, Engine, RowMapping, case, func, select, update

from sentinel.alerts.queue import MAX_OFFSET, MAX_PAGE, Alerts, Raised, check_operator
from sentinel.alerts.rows import from_row as alert_from_row
from sentinel.audit import Audit
from sentinel.database.connect import reading
from sentinel.database.dialect import serialise
from sentinel.database.tables import alerts, incident_entries, incidents
from sentinel.database.text import fit
from sentinel.database.timeline import Line, write
from sentinel.errors import ConflictError, InputError, RefusedError
from sentinel.incidents import grouping
from sentinel.incidents.attaching import Attaching
from sentinel.model import moment
from sentinel.model.agency import Scope
from sentinel.model.alert import Alert, CloseReason
from sentinel.model.incident import Incident, IncidentState, Priority, TimelineEntry
from sentinel.model.principal import Principal

MAX_NOTE_CHARACTERS = 4_000
MAX_TIMELINE = 5_000
_COLUMNS = [name for name in Incident.__slots__ if name != "alerts"]


@dataclass(frozen=True, slots=True)
class Page:
    """Part of an answer."""

    total: int
    incidents: tuple[Incident, ...]


class Incidents:
    """The incidents in the database."""

    def __init__(self, engine: Engine, audit: Audit) -> None:
        """Keep incidents behind `engine`."""
        self._engine = engine
        self._audit = audit
        self._alerts = Alerts(engine, audit)

    def consider(self, raised: Sequence[Raised]) -> list[tuple[Incident, Alert]]:
        """Attach the alerts that belong to an incident, opening one where needed; return incident and alert of each.

        Alerts attached before, to an incident that is still open, are returned too: the caller may have been killed
        before acting on them, so what they do must be safe to do again. Alerts that may open one come first, because
        the others only join. Alerts that belong to no incident are left out.
        """
        if not raised:
            return []
        with self._engine.begin() as connection:
            serialise(connection, incidents)
            batch = _current(connection, raised)
            attaching = Attaching(connection, self._audit, batch)
            placed = [(alert, attaching.attach(alert)) for alert in batch]
            attaching.write()
            ids = list(dict.fromkeys(incident for _, incident in placed if incident is not None))
            known = {
                each.id: each
                for each in _load(connection, incidents.c.id.in_(ids), incidents.c.state == IncidentState.OPEN.value)
            }
        return [(known[incident], alert) for alert, incident in placed if incident in known]

    def find(self, scope: Scope, *, state: IncidentState | None = None, limit: int = 50, offset: int = 0) -> Page:
        """Return the incidents in `scope`: open ones first, worst first, then the last changed."""
        wanted: list[ColumnElement[bool]] = [incidents.c.agency.in_(sorted(scope))]
        if state is not None:
            wanted.append(incidents.c.state == state.value)
        with reading(self._engine) as connection:
            total = connection.execute(select(func.count()).select_from(incidents).where(*wanted)).scalar_one()
            found = _load(
                connection, *wanted, limit=max(0, min(limit, MAX_PAGE)), offset=max(0, min(offset, MAX_OFFSET))
            )
        return Page(total, tuple(found))

    def get(self, scope: Scope, incident_id: str) -> Incident | None:
        """Return the incident, or None where there is none in `scope`."""
        with reading(self._engine) as connection:
            found = _load(connection, incidents.c.id == fit(incident_id, 64), incidents.c.agency.in_(sorted(scope)))
        return found[0] if found else None

    def timeline(self, scope: Scope, incident_id: str) -> list[TimelineEntry]:
        """Return what happened, oldest first, at most 5,000 entries; empty where there is no such incident in scope."""
        entry = incident_entries.c
        query = (
            select(incident_entries)
            .join(incidents, incidents.c.id == entry.incident)
            .where(entry.incident == fit(incident_id, 64), incidents.c.agency.in_(sorted(scope)))
            .order_by(entry.at, entry.id)
            .limit(MAX_TIMELINE)
        )
        with reading(self._engine) as connection:
            return [
                TimelineEntry(
                    at=row.at,
                    kind=row.kind,
                    actor=row.actor,
                    text=row.text,
                    code=row.code,
                    facts=tuple((str(name), str(value)) for name, value in row.facts),
                )
                for row in connection.execute(query)
            ]

    def note(self, principal: Principal, incident_id: str, text: str) -> None:
        """Add a note; raise `RefusedError` where the principal may not, `InputError` for none or a long text."""
        text = _checked(text)
        if not text:
            raise InputError("a note needs a text")
        with self._engine.begin() as connection:
            row = _own(connection, principal, incident_id)
            sequence = self._record(connection, principal.name, row, "incident.noted", text)
            line = _line(row["id"], f"audit:{sequence}", "note", principal.name, "note", text)
            write(connection, [line])
            connection.execute(update(incidents).where(incidents.c.id == row["id"]).values(changed_at=line.at))

    def close(
        self, principal: Principal, incident_id: str, note: str, reason: CloseReason = CloseReason.RESOLVED
    ) -> Incident:
        """Close the incident, and its open alerts for `reason`; return it.

        The alerts are closed with it so that whatever comes after opens a new incident. Raises `RefusedError` where the
        principal may not or sees no such incident, and `ConflictError` where it is closed already.
        """
        note = _checked(note)
        with self._engine.begin() as connection:
            row = _own(connection, principal, incident_id)
            if row["state"] == IncidentState.CLOSED.value:
                raise ConflictError(f"this incident was closed already, at {str(row['closed_at'])[:16]}Z")
            now = moment.to_text(moment.now())
            values = {"state": IncidentState.CLOSED.value, "note": note, "closed_at": now, "changed_at": now}
            connection.execute(update(incidents).where(incidents.c.id == row["id"]).values(values))
            closed = self._alerts.close_all(connection, principal.name, row["id"], reason, note)
            sequence = self._record(connection, principal.name, row, "incident.closed", note, alerts=len(closed))
            text = f"{principal.name} closed the incident" + (f": {note}" if note else "")
            facts = {"reason": reason.value, "alerts": len(closed), "note": note}
            code = "incident.closed"
            write(connection, [_line(row["id"], f"audit:{sequence}", "state", principal.name, code, text, facts)])
            return _load(connection, incidents.c.id == row["id"])[0]

    def append(
        self,
        incident_id: str,
        *,
        key: str,
        kind: str,
        actor: str,
        code: str,
        text: str,
        facts: Mapping[str, object] | None = None,
        connection: Connection | None = None,
    ) -> None:
        """Add a line to the timeline, once per `key`; with `connection`, as part of that transaction."""
        line = _line(incident_id, key, kind, actor, code, text, facts)
        with nullcontext(connection) if connection is not None else self._engine.begin() as transaction:
            write(transaction, [line])
            change = update(incidents).where(incidents.c.id == incident_id)
            transaction.execute(change.values(changed_at=line.at))

    def _record(
        self, connection: Connection, actor: str, row: RowMapping, action: str, why: str, **detail: object
    ) -> int:
        return self._audit.record(
            actor=actor,
            agency=row["agency"],
            action=action,
            object=row["id"],
            why=why,
            detail=detail,
            connection=connection,
        )


def _current(connection: Connection, raised: Sequence[Raised]) -> list[Alert]:
    ids = list({each.alert.id for each in raised})
    found: dict[str, Alert] = {}
    for start in range(0, len(ids), 1_000):
        query = select(alerts).where(alerts.c.id.in_(ids[start : start + 1_000]))
        found |= {row["id"]: alert_from_row(row) for row in connection.execute(query).mappings()}
    present = [found[each.alert.id] for each in raised if each.alert.id in found]
    unique = {alert.id: alert for alert in present}.values()
    return sorted(unique, key=lambda alert: (not grouping.opens(alert), alert.first_at, -alert.level.rank, alert.id))


def _load(
    connection: Connection, *wanted: ColumnElement[bool], limit: int | None = None, offset: int = 0
) -> list[Incident]:
    is_closed = case((incidents.c.state == IncidentState.OPEN.value, 0), else_=1)
    order = (is_closed, incidents.c.priority, incidents.c.changed_at.desc(), incidents.c.id)
    rows = connection.execute(select(incidents).where(*wanted).order_by(*order).limit(limit).offset(offset)).mappings()
    listed = [{name: row[name] for name in _COLUMNS} for row in rows]
    members: dict[str, list[str]] = {row["id"]: [] for row in listed}
    query = select(alerts.c.id, alerts.c.incident).where(alerts.c.incident.in_(list(members)))
    for row in connection.execute(query.order_by(alerts.c.first_at, alerts.c.id)):
        members[row.incident].append(row.id)
    return [
        Incident(
            **row
            | {
                "priority": Priority(row["priority"]),
                "state": IncidentState(row["state"]),
                "alerts": tuple(members[row["id"]]),
            }
        )
        for row in listed
    ]


def _own(connection: Connection, principal: Principal, incident_id: str) -> RowMapping:
    check_operator(principal)
    query = select(incidents).where(
        incidents.c.id == fit(incident_id, 64), incidents.c.agency.in_(sorted(principal.scope))
    )
    row = connection.execute(query.with_for_update()).mappings().first()
    if row is None:
        raise RefusedError(f"you see no incident '{incident_id[:64]}'")
    return row


def _checked(text: str) -> str:
    if len(text) > MAX_NOTE_CHARACTERS:
        raise InputError(f"the note has {len(text)} characters, more than {MAX_NOTE_CHARACTERS}")
    return fit(text.strip(), MAX_NOTE_CHARACTERS)


def _line(
    incident: str,
    key: str,
    kind: str,
    actor: str,
    code: str,
    text: str,
    facts: Mapping[str, object] | None = None,
) -> Line:
    now = moment.to_text(moment.now())
    return Line(incident=incident, key=key, at=now, kind=kind, actor=actor, code=code, text=text, facts=facts or {})
