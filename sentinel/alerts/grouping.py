"""Decides which matches make one alert: pure, and the same whenever the same matches come again.

The order of arrival counts, because an alert that people have seen must keep its id: a match joins the nearest open
alert of its fingerprint within 24 hours, or begins the next one. So the same sequence of matches gives the same alerts
however it is cut into batches and whatever is repeated; and where all matches of a fingerprint lie within 24 hours,
any order gives the same alerts.
"""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta

from sentinel.database.text import fit
from sentinel.errors import InputError
from sentinel.model import moment
from sentinel.model.alert import Alert, AlertState
from sentinel.model.match import Evidence, Match
from sentinel.model.record import Record

WINDOW = timedelta(hours=24)
DEFAULT_GROUP = ("host.name", "source.ip", "user.name")
MAX_FIELDS = 200
MAX_FIELD_CHARACTERS = 4_000
MAX_LIST_ITEMS = 100
MAX_EVIDENCE = 50
MAX_CONTRIBUTING = 100


@dataclass(slots=True)
class Group:
    """Open alerts of one fingerprint while a batch is worked on."""

    open: list[Alert] = field(default_factory=list)
    ids: set[str] = field(default_factory=set)
    """Ids of all alerts of this fingerprint, open or closed."""


@dataclass(frozen=True, slots=True)
class Sighting:
    """A match with what places it."""

    id: str
    """Hash of rule and record: the same match again has the same id."""
    fingerprint: str
    agency: str
    match: Match
    record: Record


@dataclass(slots=True)
class Outcome:
    """What a batch changes."""

    alerts: dict[str, Alert] = field(default_factory=dict)
    """Alerts that were touched, as they are now, in order of the first touch."""
    made: set[str] = field(default_factory=set)
    """Ids of those among them that are new."""
    placed: dict[str, str] = field(default_factory=dict)
    """Match id to alert id, of the matches that were new."""


def sight(match: Match, record: Record) -> Sighting:
    """Return the sighting; raise `InputError` where the record belongs to no agency or the times are no times.

    What a correlation across agencies found belongs to whom the match says, not to who completed it: the alert holds
    what others sent.
    """
    agency = match.agency or record.fields.get("organization.id")
    if not isinstance(agency, str) or not agency:
        raise InputError(f"record {record.id[:64]}: organization.id is missing, so no agency may see its alert")
    try:
        is_fixed_width = moment.to_text(moment.from_text(match.at)) == match.at
    except ValueError:
        is_fixed_width = False
    if not is_fixed_width:
        raise InputError(f"record {record.id[:64]}: '{match.at[:40]}' is not a time as Sentinel writes it")
    return Sighting(
        id=_hash("match", match.rule.id, record.id),
        fingerprint=_hash("alert", match.rule.id, agency, _group(match, record)),
        agency=agency,
        match=match,
        record=record,
    )


def place(sightings: Sequence[Sighting], groups: Mapping[str, Group], raised_at: str) -> Outcome:
    """Return what `sightings`, all new and in order, change in `groups` (by fingerprint); `groups` changes with it."""
    outcome = Outcome()
    for sighting in sightings:
        group = groups[sighting.fingerprint]
        joined = _nearest(group.open, sighting.match.at)
        if joined is None:
            alert = _make(sighting, _next_id(sighting.fingerprint, group.ids), raised_at)
            group.ids.add(alert.id)
            outcome.made.add(alert.id)
            joined = len(group.open)
            group.open.append(alert)
        else:
            alert = _grow(group.open[joined], sighting.match.at, raised_at)
            group.open[joined] = alert
        outcome.alerts[alert.id] = alert
        outcome.placed[sighting.id] = alert.id
    return outcome


def bounded(fields: Mapping[str, object]) -> dict[str, object]:
    """Return `fields` as an alert keeps them: at most 200, texts cut to 4,000 characters, lists to that in all."""
    return {fit(name, 200): _bounded(value) for name, value in list(fields.items())[:MAX_FIELDS]}


def _bounded(value: object) -> object:
    if isinstance(value, str):
        return fit(value, MAX_FIELD_CHARACTERS)
    if isinstance(value, bool | int):
        return value
    if isinstance(value, float):
        return value if value - value == 0 else str(value)  # JSON knows no infinity.
    if isinstance(value, list | tuple):
        items, left = [], MAX_FIELD_CHARACTERS
        for item in value[:MAX_LIST_ITEMS]:
            kept = _bounded(item) if not isinstance(item, list | tuple) else fit(str(item), MAX_FIELD_CHARACTERS)
            left -= len(str(kept))
            if left < 0:
                break
            items.append(kept)
        return items
    return fit(str(value), MAX_FIELD_CHARACTERS)


def _nearest(alerts: Sequence[Alert], at: str) -> int | None:
    best: tuple[timedelta, str, str, int] | None = None
    for index, alert in enumerate(alerts):
        # Equally near ones are told apart by time and id, so that their order in the list does not count.
        candidate = _distance(alert, at), alert.first_at, alert.id, index
        if candidate[0] <= WINDOW and (best is None or candidate < best):
            best = candidate
    return best[-1] if best else None


def _distance(alert: Alert, at: str) -> timedelta:
    if alert.first_at <= at <= alert.last_at:
        return timedelta(0)
    edge = alert.first_at if at < alert.first_at else alert.last_at
    return abs(moment.from_text(at) - moment.from_text(edge))


def _next_id(fingerprint: str, taken: set[str]) -> str:
    number = len(taken) + 1
    while (alert_id := _hash("alert id", fingerprint, number)[:32]) in taken:
        number += 1
    return alert_id


def _make(sighting: Sighting, alert_id: str, raised_at: str) -> Alert:
    match, fields = sighting.match, sighting.record.fields
    rule = match.rule
    host = fields.get("host.name") or fields.get("observer.name") or ""
    return Alert(
        id=alert_id,
        fingerprint=sighting.fingerprint,
        rule_id=fit(rule.id, 64),
        title=fit(rule.title, 500),
        title_vi=fit(rule.title_vi, 500),
        level=rule.level,
        tags=tuple(fit(tag, 100) for tag in rule.tags[:MAX_LIST_ITEMS]),
        agency=sighting.agency,
        host=fit(str(host), 255),
        state=AlertState.NEW,
        reason=None,
        note="",
        assignee=None,
        count=1,
        first_at=match.at,
        last_at=match.at,
        raised_at=raised_at,
        changed_at=raised_at,
        evidence=tuple(_evidence(each) for each in match.evidence[:MAX_EVIDENCE]),
        record_id=fit(sighting.record.id, 64),
        contributing=tuple(fit(each, 64) for each in match.contributing[:MAX_CONTRIBUTING]),
        fields=bounded(fields),
        incident=None,
    )


def _grow(alert: Alert, at: str, changed_at: str) -> Alert:
    values = {name: getattr(alert, name) for name in alert.__slots__}
    values |= {
        "count": alert.count + 1,
        "first_at": min(alert.first_at, at),
        "last_at": max(alert.last_at, at),
        "changed_at": changed_at,
    }
    return Alert(**values)


def _evidence(found: Evidence) -> Evidence:
    short, long = 200, 1_000
    return Evidence(
        fit(found.selection, short), fit(found.field, short), fit(found.value, long), fit(found.pattern, long)
    )


def _group(match: Match, record: Record) -> Sequence[object]:
    if not match.rule.group_by and match.group:
        return sorted([name, value] for name, value in match.group)
    names = match.rule.group_by or DEFAULT_GROUP
    return [[name, _plain(record.fields.get(name))] for name in sorted(set(names))]


def _plain(value: object) -> object:
    if isinstance(value, list | tuple):
        return sorted(str(item) for item in value)
    return value if value is None or isinstance(value, bool | int | str) else str(value)


def _hash(*parts: object) -> str:
    return hashlib.sha256(json.dumps(parts, sort_keys=True, separators=(",", ":")).encode("ascii")).hexdigest()
