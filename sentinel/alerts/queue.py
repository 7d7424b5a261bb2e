"""The operators' queue: matches come in as alerts; people read them within their scope and decide on them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from sqlalchemy import ColumnElement, Connection, Engine, bindparam, func, insert, or_, select, update
from sqlalchemy.exc import IntegrityError

from sentinel.alerts import grouping
from sentinel.alerts.rows import from_row, to_row
from sentinel.audit import Audit
from sentinel.database.connect import reading
from sentinel.database.dialect import insert_new, serialise
from sentinel.database.tables import alert_matches, alerts
from sentinel.database.text import fit
from sentinel.database.timeline import Line, write
from sentinel.errors import ConflictError, InputError, RefusedError
from sentinel.model import moment
from sentinel.model.agency import Scope
from sentinel.model.alert import Alert, AlertState, CloseReason
from sentinel.model.match import Level, Match
from sentinel.model.principal import Principal, Role
from sentinel.model.record import Record

MAX_NOTE_CHARACTERS = 4_000
MAX_PAGE = 500
MAX_OFFSET = 1_000_000_000
_CHUNK = 1_000


@dataclass(frozen=True, slots=True)
class Raised:
    """An alert that matches went to."""

    alert: Alert
    is_new: bool
    """False also when all of it happened before: a replay."""


@dataclass(frozen=True, slots=True)
class Page:
    """Part of an answer."""

    total: int
    alerts: tuple[Alert, ...]


class RuleCount(NamedTuple):
    """How much one rule has raised."""

    rule_id: str
    title: str
    title_vi: str
    level: Level
    alerts: int
    matches: int


class Alerts:
    """The alerts in the database."""

    def __init__(self, engine: Engine, audit: Audit) -> None:
        """Keep alerts behind `engine`."""
        self._engine = engine
        self._audit = audit

    def raise_from(self, matches: Sequence[tuple[Match, Record]]) -> list[Raised]:
        """Return the alerts that `matches` belong to, each once, in order of the first match; make those that miss.

        A match seen before changes nothing, yet its alert is returned, so that a caller who was killed half way can
        go on. Raises `InputError` for a record without `organization.id` or of an unknown agency; nothing is kept then.
        """
        sightings = [grouping.sight(match, record) for match, record in matches]
        if not sightings:
            return []
        try:
            with self._engine.begin() as connection:
                serialise(connection, alert_matches)
                known = _known_matches(connection, [each.id for each in sightings])
                new = list({each.id: each for each in sightings if each.id not in known}.values())
                groups = _groups(connection, {each.fingerprint for each in new})
                outcome = grouping.place(new, groups, moment.to_text(moment.now()))
                _keep(connection, outcome, new)
                order = list(dict.fromkeys((outcome.placed | known)[each.id] for each in sightings))
                stored = _by_id(connection, [each for each in order if each not in outcome.alerts])
        except IntegrityError as error:
            agencies = ", ".join(sorted({each.agency[:64] for each in sightings}))
            raise InputError(f"an alert's agency is not in the list of agencies: one of {agencies}") from error
        return [Raised({**stored, **outcome.alerts}[each], each in outcome.made) for each in order]

    def find(
        self,
        scope: Scope,
        *,
        states: Sequence[AlertState] = (),
        levels: Sequence[Level] = (),
        text: str = "",
        rule_id: str | None = None,
        host: str | None = None,
        incident: str | None = None,
        limit: int = 50,
        offset: int = 0,
    ) -> Page:
        """Return the alerts in `scope`, worst first, then newest; what is not given does not restrict.

        `text` is looked for in titles, host, rule id, source address and user name, in any case.
        """
        wanted: list[ColumnElement[bool]] = [alerts.c.agency.in_(sorted(scope))]
        if states:
            wanted.append(alerts.c.state.in_([state.value for state in states]))
        if levels:
            wanted.append(alerts.c.level.in_([level.value for level in levels]))
        for column, value in ((alerts.c.rule_id, rule_id), (alerts.c.host, host), (alerts.c.incident, incident)):
            if value is not None:
                wanted.append(column == fit(value, 500))
        if text := text.strip():
            wanted.append(_contains(fit(text, 200)))
        order = (alerts.c.level_rank.desc(), alerts.c.last_at.desc(), alerts.c.id)
        query = (
            select(alerts)
            .where(*wanted)
            .order_by(*order)
            .limit(max(0, min(limit, MAX_PAGE)))
            .offset(max(0, min(offset, MAX_OFFSET)))
        )
        with reading(self._engine) as connection:
            total = connection.execute(select(func.count()).select_from(alerts).where(*wanted)).scalar_one()
            found = tuple(from_row(row) for row in connection.execute(query).mappings())
        return Page(total, found)

    def get(self, scope: Scope, alert_id: str) -> Alert | None:
        """Return the alert, or None where there is none in `scope`."""
        query = select(alerts).where(alerts.c.id == fit(alert_id, 64), alerts.c.agency.in_(sorted(scope)))
        with reading(self._engine) as connection:
            row = connection.execute(query).mappings().first()
        return from_row(row) if row else None

    def counts(self, scope: Scope) -> dict[AlertState, int]:
        """Return how many alerts in `scope` stand in each state."""
        query = select(alerts.c.state, func.count()).where(alerts.c.agency.in_(sorted(scope))).group_by(alerts.c.state)
        with reading(self._engine) as connection:
            found = {row[0]: row[1] for row in connection.execute(query)}
        return {state: found.get(state.value, 0) for state in AlertState}

    def counts_by_rule(self, scope: Scope) -> list[RuleCount]:
        """Return how many alerts and matches each rule has in `scope`, worst rule first, then most alerts."""
        rank, number = func.max(alerts.c.level_rank), func.count()
        query = (
            select(
                alerts.c.rule_id,
                func.max(alerts.c.title),
                func.max(alerts.c.title_vi),
                rank,
                number,
                func.sum(alerts.c.count),
            )
            .where(alerts.c.agency.in_(sorted(scope)))
            .group_by(alerts.c.rule_id)
            .order_by(rank.desc(), number.desc(), alerts.c.rule_id)
        )
        with reading(self._engine) as connection:
            rows = connection.execute(query).all()
        return [RuleCount(row[0], row[1], row[2], list(Level)[row[3]], row[4], int(row[5])) for row in rows]

    def set_state(
        self, principal: Principal, alert_id: str, state: AlertState, reason: CloseReason | None, note: str
    ) -> Alert:
        """Acknowledge, close or reopen the alert and return it; audited, and a line in its incident's timeline.

        Raises `RefusedError` where the principal may not or sees no such alert, `InputError` for closing without a
        reason or a note that is too long, `ConflictError` where it is closed already.
        """
        check_operator(principal)
        if state is AlertState.CLOSED and reason is None:
            raise InputError("closing an alert needs a reason: " + ", ".join(CloseReason))
        if len(note) > MAX_NOTE_CHARACTERS:
            raise InputError(f"the note has {len(note)} characters, more than {MAX_NOTE_CHARACTERS}")
        with self._engine.begin() as connection:
            query = select(alerts).where(alerts.c.id == fit(alert_id, 64), alerts.c.agency.in_(sorted(principal.scope)))
            row = connection.execute(query.with_for_update()).mappings().first()
            if row is None:
                raise RefusedError(f"you see no alert '{alert_id[:64]}'")
            alert = from_row(row)
            if state is AlertState.CLOSED and alert.state is AlertState.CLOSED:
                raise ConflictError(f"{alert.assignee} closed this alert already, at {alert.changed_at[:16]}Z")
            return self._change(connection, principal.name, alert, state, reason, note)

    def close_all(
        self, connection: Connection, actor: str, incident: str, reason: CloseReason, note: str
    ) -> list[Alert]:
        """Close the open alerts of an incident in the caller's transaction, who has checked that `actor` may."""
        query = select(alerts).where(alerts.c.incident == incident, alerts.c.state != AlertState.CLOSED.value)
        still_open = [from_row(row) for row in connection.execute(query.with_for_update()).mappings().all()]
        return [self._change(connection, actor, alert, AlertState.CLOSED, reason, note) for alert in still_open]

    def _change(
        self,
        connection: Connection,
        actor: str,
        alert: Alert,
        state: AlertState,
        reason: CloseReason | None,
        note: str,
    ) -> Alert:
        now = moment.to_text(moment.now())
        values = {
            "state": state.value,
            "reason": reason.value if reason and state is AlertState.CLOSED else None,
            "note": fit(note, MAX_NOTE_CHARACTERS),
            "assignee": None if state is AlertState.NEW else actor,
            "changed_at": now,
        }
        connection.execute(update(alerts).where(alerts.c.id == alert.id).values(values))
        sequence = self._audit.record(
            actor=actor,
            agency=alert.agency,
            action=f"alert.{state}",
            object=alert.id,
            why=note,
            detail={"from": alert.state, "reason": values["reason"], "rule": alert.rule_id},
            connection=connection,
        )
        if alert.incident is not None:
            line = Line(
                incident=alert.incident,
                key=f"audit:{sequence}",
                at=now,
                kind="state",
                actor=actor,
                code=f"alert.{state}",
                text=f"{actor} set the alert '{alert.title}' to {state}",
                facts={"alert": alert.id, "title": alert.title, "reason": values["reason"] or "", "note": note},
            )
            write(connection, [line])
        return from_row(connection.execute(select(alerts).where(alerts.c.id == alert.id)).mappings().one())


def check_operator(principal: Principal) -> None:
    """Raise `RefusedError` where the principal may not work on alerts and incidents."""
    if not principal.role.includes(Role.OPERATOR):
        raise RefusedError(f"the role {principal.role} only reads; this needs the role operator")


def _known_matches(connection: Connection, ids: Sequence[str]) -> dict[str, str]:
    table = alert_matches.c
    return {
        row.id: row.alert
        for chunk in _chunks(ids)
        for row in connection.execute(select(table.id, table.alert).where(table.id.in_(chunk)))
    }


def _groups(connection: Connection, fingerprints: set[str]) -> dict[str, grouping.Group]:
    groups = {fingerprint: grouping.Group() for fingerprint in fingerprints}
    for chunk in _chunks(sorted(fingerprints)):
        among = alerts.c.fingerprint.in_(chunk)
        for row in connection.execute(select(alerts.c.id, alerts.c.fingerprint).where(among)):
            groups[row.fingerprint].ids.add(row.id)
        is_open = alerts.c.state != AlertState.CLOSED.value
        for found in connection.execute(
            select(alerts).where(among, is_open).order_by(alerts.c.first_at, alerts.c.id)
        ).mappings():
            groups[found["fingerprint"]].open.append(from_row(found))
    return groups


def _keep(connection: Connection, outcome: grouping.Outcome, sightings: Sequence[grouping.Sighting]) -> None:
    rows = [to_row(alert) for alert in outcome.alerts.values()]
    if made := [row for row in rows if row["id"] in outcome.made]:
        connection.execute(insert(alerts), made)
    if grown := [row for row in rows if row["id"] not in outcome.made]:
        names = ("count", "first_at", "last_at", "changed_at")
        change = update(alerts).where(alerts.c.id == bindparam("alert_id"))
        connection.execute(
            change.values({name: bindparam(f"new_{name}") for name in names}),
            [{"alert_id": row["id"], **{f"new_{name}": row[name] for name in names}} for row in grown],
        )
    insert_new(
        connection,
        alert_matches,
        [
            {
                "id": each.id,
                "alert": outcome.placed[each.id],
                "record_id": fit(each.record.id, 64),
                "at": each.match.at,
            }
            for each in sightings
        ],
    )


def _by_id(connection: Connection, ids: Sequence[str]) -> dict[str, Alert]:
    return {
        row["id"]: from_row(row)
        for chunk in _chunks(ids)
        for row in connection.execute(select(alerts).where(alerts.c.id.in_(chunk))).mappings()
    }


def _contains(text: str) -> ColumnElement[bool]:
    places = [alerts.c.title, alerts.c.title_vi, alerts.c.host, alerts.c.rule_id]
    places += [alerts.c.fields[name].as_string() for name in ("source.ip", "user.name")]
    return or_(*(func.lower(place).contains(text.lower(), autoescape=True) for place in places))


def _chunks(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    return (ids[start : start + _CHUNK] for start in range(0, len(ids), _CHUNK))
