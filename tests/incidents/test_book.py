"""Promises of the incidents: bad alerts open them, related ones join, replay changes nothing, all is on record."""

import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine

from sentinel.alerts.queue import Alerts
from sentinel.audit import Audit
from sentinel.errors import ConflictError, InputError, RefusedError
from sentinel.incidents import grouping
from sentinel.incidents.book import Incidents
from sentinel.model.alert import Alert, AlertState, CloseReason
from sentinel.model.incident import Incident, IncidentState, Priority
from sentinel.model.match import Level
from sentinel.model.principal import Role
from tests.alerts.examples import EVERYTHING, at, person, sighting
from tests.database.fresh import empty


@pytest.fixture
def queue(engine: Engine, log: Audit) -> Alerts:
    return Alerts(engine, log)


@pytest.fixture
def book(engine: Engine, log: Audit) -> Incidents:
    return Incidents(engine, log)


def high(record: str = "r1", **more: object) -> object:
    return sighting(record, **{"rule": f"rule-{record}", "level": Level.HIGH, **more})  # type: ignore[arg-type]


def see(queue: Alerts, book: Incidents, *pairs: object) -> list[tuple[Incident, Alert]]:
    return book.consider(queue.raise_from(list(pairs)))  # type: ignore[arg-type]


def test_a_high_alert_opens_an_incident_named_after_it(queue: Alerts, book: Incidents) -> None:
    ((incident, alert),) = see(queue, book, high())
    assert (incident.title, incident.title_vi) == ("Title of rule-r1", "Tiêu đề của rule-r1")
    assert (incident.agency, incident.host, incident.priority) == ("dept-a", "web1", Priority.P2)
    assert (incident.state, incident.alerts) == (IncidentState.OPEN, (alert.id,))
    assert book.get(EVERYTHING, incident.id) == incident
    assert queue.find(EVERYTHING, incident=incident.id).alerts[0].id == alert.id


def test_a_lower_alert_opens_none_unless_its_rule_says_so(queue: Alerts, book: Incidents) -> None:
    assert see(queue, book, high(level=Level.MEDIUM)) == []
    ((incident, _),) = see(queue, book, high("r2", level=Level.LOW, host="web2", tags=("Sentinel.Incident",)))
    assert incident.priority is Priority.P4
    assert book.find(EVERYTHING).total == 1


def test_alerts_of_the_same_host_within_a_day_join(queue: Alerts, book: Incidents) -> None:
    ((first, _),) = see(queue, book, high("r1"))
    joined = see(queue, book, high("r2", hours=23, level=Level.LOW)) + see(queue, book, high("r3", hours=40))
    assert {incident.id for incident, _ in joined} == {first.id}
    assert len(joined[1][0].alerts) == 3


def test_another_host_agency_or_day_opens_another(queue: Alerts, book: Incidents) -> None:
    found = see(queue, book, high("r1"), high("r2", host="web2"), high("r3", agency="dept-b"), high("r4", hours=24.5))
    assert len({incident.id for incident, _ in found}) == 4


def test_in_one_batch_those_that_open_come_first_so_that_lower_ones_join(queue: Alerts, book: Incidents) -> None:
    ((incident, worst), (same, _)) = see(
        queue, book, high("r1", level=Level.LOW), high("r2", level=Level.CRITICAL, hours=1)
    )
    assert incident.id == same.id
    assert (worst.level, incident.priority) == (Level.CRITICAL, Priority.P1)


def test_a_replay_attaches_nothing_again_but_returns_what_is_open(queue: Alerts, book: Incidents) -> None:
    raised = queue.raise_from([high("r1"), high("r2", host="web2")])  # type: ignore[list-item]
    first, again = book.consider(raised), book.consider(raised)
    assert [incident.id for incident, _ in again] == [incident.id for incident, _ in first]
    assert book.find(EVERYTHING).total == 2
    assert len(book.timeline(EVERYTHING, first[0][0].id)) == 2
    book.close(person(), first[0][0].id, "")
    assert [incident.id for incident, _ in book.consider(raised)] == [first[1][0].id]


def test_the_worst_alert_gives_the_priority(queue: Alerts, book: Incidents, log: Audit) -> None:
    ((incident, _),) = see(queue, book, high("r1"))
    see(queue, book, high("r2", level=Level.CRITICAL), high("r3", level=Level.LOW))
    found = book.get(EVERYTHING, incident.id)
    assert found is not None
    assert found.priority is Priority.P1
    assert [entry.action for entry in log.entries()] == ["incident.opened", "incident.priority_raised"]
    raised = [entry for entry in book.timeline(EVERYTHING, incident.id) if entry.code == "incident.priority_raised"]
    assert dict(raised[0].facts)["to"] == "P1"


def test_an_incident_grows_no_further_than_its_limit(
    queue: Alerts, book: Incidents, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(grouping, "MAX_ALERTS", 3)
    found = see(queue, book, *(high(f"r{number}") for number in range(7)))
    assert sorted(len(each.alerts) for each in book.find(EVERYTHING).incidents) == [1, 3, 3]
    assert len(found) == 7


def test_closing_closes_its_alerts_and_the_next_one_opens_anew(queue: Alerts, book: Incidents, log: Audit) -> None:
    ((incident, alert),) = see(queue, book, high("r1", rule="same"))
    closed = book.close(person(), incident.id, "đã xử lý", CloseReason.RESOLVED)
    assert (closed.state, closed.note, closed.closed_at is not None) == (IncidentState.CLOSED, "đã xử lý", True)
    found = queue.get(EVERYTHING, alert.id)
    assert found is not None
    assert (found.state, found.reason, found.assignee) == (AlertState.CLOSED, CloseReason.RESOLVED, "lan")
    ((second, other),) = see(queue, book, high("r2", rule="same", hours=1))
    assert second.id != incident.id
    assert other.id != alert.id
    assert [entry.action for entry in log.entries()][1:3] == ["alert.closed", "incident.closed"]
    with pytest.raises(ConflictError, match="closed already"):
        book.close(person(), incident.id, "")


def test_everything_done_is_in_the_timeline_in_order(queue: Alerts, book: Incidents) -> None:
    ((incident, alert),) = see(queue, book, high("r1"))
    queue.set_state(person(), alert.id, AlertState.ACKNOWLEDGED, None, "mine")
    book.note(person(), incident.id, " gọi cho đơn vị ")
    book.append(
        incident.id, key="run/1", kind="action", actor="system", code="run.started", text="started", facts={"n": 1}
    )
    book.append(incident.id, key="run/1", kind="action", actor="system", code="run.started", text="again")
    book.close(person(), incident.id, "done")
    entries = book.timeline(EVERYTHING, incident.id)
    assert [entry.code for entry in entries] == [
        "alert.raised",
        "incident.opened",
        "alert.acknowledged",
        "note",
        "run.started",
        "alert.closed",
        "incident.closed",
    ]
    assert entries[0].at == at(0)
    assert (entries[3].text, entries[3].actor, entries[3].kind) == ("gọi cho đơn vị", "lan", "note")
    assert (entries[4].text, entries[4].facts) == ("started", (("n", "1"),))


def test_a_line_goes_with_the_transaction_it_belongs_to(queue: Alerts, book: Incidents, engine: Engine) -> None:
    ((incident, _),) = see(queue, book, high())
    with engine.connect() as connection:
        book.append(incident.id, key="x", kind="action", actor="a", code="c", text="t", connection=connection)
        connection.rollback()
    assert "c" not in [entry.code for entry in book.timeline(EVERYTHING, incident.id)]


def test_who_may_not_write_is_refused(queue: Alerts, book: Incidents) -> None:
    ((incident, _),) = see(queue, book, high())
    for principal, message in (
        (person(Role.AUDITOR), "only reads"),
        (person(Role.ADMINISTRATOR, "dept-b"), "you see no incident"),
    ):
        with pytest.raises(RefusedError, match=message):
            book.note(principal, incident.id, "x")
        with pytest.raises(RefusedError, match=message):
            book.close(principal, incident.id, "x")
    for text in ("", "   ", "x" * 5_000):
        with pytest.raises(InputError, match="note"):
            book.note(person(), incident.id, text)


def test_threads_that_consider_the_same_alerts_open_one_incident(queue: Alerts, book: Incidents) -> None:
    raised = queue.raise_from([high(f"r{number}") for number in range(12)])  # type: ignore[misc]
    threads = [threading.Thread(target=book.consider, args=(raised[start:],)) for start in (0, 3, 6, 0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    (incident,) = book.find(EVERYTHING).incidents
    assert len(incident.alerts) == 12


@settings(max_examples=25, deadline=None)
@given(
    agencies=st.lists(st.sampled_from(["city", "dept-a", "dept-b"]), max_size=6),
    scope=st.frozensets(st.sampled_from(["city", "dept-a", "dept-b", "dept-x"])),
)
def test_no_read_answers_from_outside_the_scope(shared: Engine, agencies: list[str], scope: frozenset[str]) -> None:
    empty(shared)
    log = Audit(shared)
    queue, book = Alerts(shared, log), Incidents(shared, log)
    everyone = see(queue, book, *(high(f"r{number}", agency=each) for number, each in enumerate(agencies)))
    mine = {incident.id for incident, _ in everyone if incident.agency in scope}
    page = book.find(scope)
    assert {incident.id for incident in page.incidents} == mine
    assert page.total == len(mine)
    for incident, _ in everyone:
        assert (book.get(scope, incident.id) is not None) == (incident.id in mine)
        assert bool(book.timeline(scope, incident.id)) == (incident.id in mine)


def test_open_incidents_come_before_closed_ones(queue: Alerts, book: Incidents) -> None:
    found = see(queue, book, high("r1", level=Level.CRITICAL), high("r2", host="web2"), high("r3", host="web3"))
    book.close(person(), found[0][0].id, "")
    states = [(incident.state.value, incident.priority.value) for incident in book.find(EVERYTHING).incidents]
    assert states == [("open", "P2"), ("open", "P2"), ("closed", "P1")]
    assert book.find(EVERYTHING, state=IncidentState.CLOSED).total == 1
    assert len(book.find(EVERYTHING, limit=1, offset=1).incidents) == 1


def test_no_id_or_page_number_breaks_a_read(book: Incidents) -> None:
    for incident_id in ("", "\0", "\ud800", "x" * 10_000, "'; DROP TABLE incidents"):
        assert book.get(EVERYTHING, incident_id) is None
        assert book.timeline(EVERYTHING, incident_id) == []
        with pytest.raises(RefusedError):
            book.close(person(), incident_id, "")
    assert book.find(EVERYTHING, limit=10**30, offset=10**30).incidents == ()
