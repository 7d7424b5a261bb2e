"""What a correlation across agencies finds is for the city alone: no agency learns of another's records through it."""

from dataclasses import replace

import pytest
from sqlalchemy import Engine

from sentinel.alerts.queue import Alerts
from sentinel.audit import Audit
from sentinel.detect.correlate.correlator import Correlator
from sentinel.detect.correlate.hit import Hit
from sentinel.errors import RefusedError
from sentinel.incidents.book import Incidents
from sentinel.model.agency import CITY
from sentinel.model.alert import AlertState, CloseReason
from sentinel.model.match import Level, Match
from sentinel.model.record import Record
from tests.alerts.examples import EVERYTHING, at, person, sighting
from tests.detect.correlate.oracle import made

AGENCIES = ("dept-a", "dept-b")


@pytest.fixture
def queue(engine: Engine, log: Audit) -> Alerts:
    return Alerts(engine, log)


@pytest.fixture
def book(engine: Engine, log: Audit) -> Incidents:
    return Incidents(engine, log)


def found_across() -> list[tuple[Match, Record]]:
    """Return what a correlation makes of the same hash in two agencies."""
    rule = made(
        "same-hash",
        "value_count",
        ["dropped"],
        group_by=("hash",),
        fields=("organization.id",),
        limits=(("gte", 2.0),),
        across=True,
    )
    correlator = Correlator([rule])
    matches: list[tuple[Match, Record]] = []
    for number, agency in enumerate(AGENCIES):
        _, record = sighting(f"r{number}", agency=agency, host=f"pc-{agency}", file__hash__sha256="ab")
        hit = Hit("dropped", record.id, at(0), 1_000_000 + number, 0, agency, {"hash": "ab"})
        matches += correlator.feed(hit, record)
    assert [match.agency for match, _ in matches] == [CITY]
    return [(replace(match, rule=replace(match.rule, level=Level.CRITICAL)), record) for match, record in matches]


def test_the_city_sees_the_alert_and_all_records_behind_it(queue: Alerts) -> None:
    (raised,) = queue.raise_from(found_across())
    seen = queue.get(EVERYTHING, raised.alert.id)
    assert seen is not None
    assert (seen.agency, seen.contributing, seen.record_id) == (CITY, ("r0", "r1"), "r1")
    assert "organization.id" in seen.evidence[0].field


@pytest.mark.parametrize("agency", AGENCIES)
def test_no_agency_sees_the_alert_its_incident_or_a_count_of_them(queue: Alerts, book: Incidents, agency: str) -> None:
    (raised,) = queue.raise_from(found_across())
    ((incident, _),) = book.consider([raised])
    scope = frozenset({agency})
    assert incident.agency == CITY
    assert queue.get(scope, raised.alert.id) is None
    assert queue.find(scope).total == 0
    assert queue.find(scope, text="same-hash").alerts == ()
    assert sum(queue.counts(scope).values()) == 0
    assert queue.counts_by_rule(scope) == []
    assert book.get(scope, incident.id) is None
    assert book.find(scope).total == 0
    assert book.timeline(scope, incident.id) == []


@pytest.mark.parametrize("agency", AGENCIES)
def test_no_agency_may_change_it(queue: Alerts, book: Incidents, agency: str) -> None:
    (raised,) = queue.raise_from(found_across())
    ((incident, _),) = book.consider([raised])
    with pytest.raises(RefusedError):
        queue.set_state(person(agency=agency), raised.alert.id, AlertState.CLOSED, CloseReason.RESOLVED, "")
    with pytest.raises(RefusedError):
        book.note(person(agency=agency), incident.id, "ours")


def test_an_alert_of_an_agency_never_joins_the_citys_incident(queue: Alerts, book: Incidents) -> None:
    across = found_across()
    own = sighting("r9", agency="dept-b", host="pc-dept-b", level=Level.HIGH)
    placed = book.consider(queue.raise_from([*across, own]))
    assert sorted(incident.agency for incident, _ in placed) == [CITY, "dept-b"]
    assert len({incident.id for incident, _ in placed}) == 2
