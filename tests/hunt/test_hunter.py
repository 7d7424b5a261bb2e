"""Promises of a hunt: it finds what the engine would, can be stopped anywhere and go on, and alerts only when asked."""

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine as Database

from sentinel.alerts.queue import Alerts
from sentinel.audit import Audit
from sentinel.detect.load import load_rules
from sentinel.detect.rule import RuleSet
from sentinel.errors import ConflictError, InputError, RefusedError
from sentinel.hunt import hunter
from sentinel.hunt.desk import HuntDesk
from sentinel.hunt.rows import Hunts, HuntState, Progress, Question
from sentinel.incidents.book import Incidents
from sentinel.model.moment import from_text, to_text
from sentinel.model.principal import Principal, Role
from sentinel.model.record import Record
from sentinel.model.search import Search
from sentinel.store import Mark, Stop, StoppedError
from sentinel.store.local import LocalStore
from tests.database.fresh import state
from tests.waiting import until

RULES = """
title: Failed
name: failed
id: 5f0b1c1e-0000-4000-8000-000000000001
level: medium
logsource: {product: linux, service: sshd}
detection:
  a: {event.action: ssh_login, event.outcome: failure}
  condition: a
---
title: Guessed
id: 5f0b1c1e-0000-4000-8000-000000000002
level: high
correlation:
  type: event_count
  rules: [failed]
  generate: true
  group-by: [source.ip]
  timespan: 10m
  condition: {gte: 5}
"""
FAILED, GUESSED = "5f0b1c1e-0000-4000-8000-000000000001", "5f0b1c1e-0000-4000-8000-000000000002"
START = from_text("2026-11-23T08:00:00.000000Z")
WHO = Principal(id="op", name="op", role=Role.OPERATOR, agency="city", scope=frozenset({"city", "dept-a", "dept-b"}))


def record(number: int, agency: str = "dept-a") -> Record:
    at = to_text(START + timedelta(seconds=number))
    return Record(
        f"{number:08x}",
        {
            "@timestamp": at,
            "event.dataset": "linux.auth",
            "event.kind": "event",
            "event.id": f"{number:08x}",
            "event.action": "ssh_login",
            "event.outcome": "failure" if number % 3 == 0 else "success",
            "event.original": f"line {number}",
            "source.ip": f"10.0.0.{number % 2}",
            "host.name": "h",
            "process.name": "sshd",
            "organization.id": agency,
        },
    )


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    engine = state(tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    opened = LocalStore(tmp_path / "store")
    opened.add([record(number) for number in range(100)], Mark(100))
    yield opened
    opened.close()


@pytest.fixture
def rules(tmp_path: Path) -> RuleSet:
    path = tmp_path / "rules.yml"
    path.write_text(RULES)
    found = load_rules([path])
    assert not found.faults
    return found


@pytest.fixture
def desk(store: LocalStore, database: Database, rules: RuleSet) -> HuntDesk:
    audit = Audit(database)
    return HuntDesk(
        store=store,
        hunts=Hunts(database),
        rules=lambda _: rules,
        alerts=Alerts(database, audit),
        incidents=Incidents(database, audit),
        audit=audit,
    )


def found(desk: HuntDesk, hunt_id: str) -> list[tuple[str, str]]:
    return [(match.rule.id, match.record_id) for match in desk.hunts.matches(hunt_id)]


def test_a_hunt_finds_what_rules_and_correlations_find(desk: HuntDesk) -> None:
    begun = desk.begin(WHO, Question(rules=()))
    ended = desk.go_on(WHO, begun.id, threading.Event())
    assert (ended.state, ended.progress.seen, ended.progress.total) == (HuntState.DONE, 34, 34)
    assert desk.hunts.counts(begun.id)[FAILED] == 34
    assert desk.hunts.counts(begun.id)[GUESSED] > 1


def test_a_hunt_stopped_after_every_page_finds_the_same(desk: HuntDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = desk.begin(WHO, Question(rules=()))
    desk.go_on(WHO, whole.id, threading.Event())
    monkeypatch.setattr(hunter, "PAGE", 3)
    parted = desk.begin(WHO, Question(rules=()))

    def a_page() -> HuntState:
        stop = threading.Event()
        before = desk.hunts.get(WHO.scope, parted.id).progress.seen
        return desk.go_on(WHO, parted.id, stop, lambda now: stop.set() if now.seen > before else None).state

    rounds = 0
    while a_page() is HuntState.STOPPED:
        rounds += 1
        assert rounds < 20
    assert rounds > 5
    assert found(desk, parted.id) == found(desk, whole.id)
    with pytest.raises(ConflictError, match="is done"):
        desk.go_on(WHO, parted.id, threading.Event())


class Slow(LocalStore):
    """A store whose pages take for ever, until nobody waits."""

    reads = threading.Event()

    def scan(self, search: Search, stop: Stop | None = None) -> Iterator[Record]:
        yield record(0)
        self.reads.set()
        assert stop is not None
        until(stop.is_set, what="the hunt is stopped")
        raise StoppedError("nobody waits")


def test_a_hunt_in_the_background_stops_in_the_middle_of_a_page(
    desk: HuntDesk, store: LocalStore, database: Database, rules: RuleSet, tmp_path: Path
) -> None:
    audit = Audit(database)
    slow = Slow(tmp_path / "slow")
    slow.add([record(0)], Mark(1))
    busy = HuntDesk(
        store=slow,
        hunts=Hunts(database),
        rules=lambda _: rules,
        alerts=Alerts(database, audit),
        incidents=Incidents(database, audit),
        audit=audit,
    )
    begun = busy.begin(WHO, Question(rules=()))
    busy.in_background(WHO, begun.id)
    until(slow.reads.is_set, what="a page is read")
    assert busy.cancel(WHO, begun.id).state is HuntState.STOPPED
    # The desk is free again, and the hunt goes on from where it stood.
    until(lambda: can_begin(busy, begun.id), what="it has stopped")
    until(lambda: busy.hunts.get(WHO.scope, begun.id).state is HuntState.RUNNING, what="it goes on")
    busy.close()
    until(lambda: busy.hunts.get(WHO.scope, begun.id).state is HuntState.STOPPED, what="it has stopped again")
    slow.close()
    ended = desk.go_on(WHO, begun.id, threading.Event())
    assert (ended.state, ended.progress.seen) == (HuntState.DONE, 34)


def can_begin(desk: HuntDesk, hunt_id: str) -> bool:
    try:
        desk.in_background(WHO, hunt_id)
    except ConflictError:
        return False
    return True


def test_somebody_else_can_stop_a_hunt(desk: HuntDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hunter, "PAGE", 3)
    begun = desk.begin(WHO, Question(rules=()))

    def cancel(progress: Progress) -> None:
        if progress.seen == 6:
            desk.cancel(WHO, begun.id)

    stopped = desk.go_on(WHO, begun.id, threading.Event(), cancel)
    assert (stopped.state, stopped.progress.seen) == (HuntState.STOPPED, 9)


def test_a_hunt_at_work_is_not_run_twice(desk: HuntDesk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hunter, "PAGE", 3)
    begun = desk.begin(WHO, Question(rules=()))

    def again(progress: Progress) -> None:
        if progress.seen == 3:
            with pytest.raises(ConflictError, match="at work"):
                desk.go_on(WHO, begun.id, threading.Event())

    desk.go_on(WHO, begun.id, threading.Event(), again)


def test_only_the_rules_that_are_named_are_found(desk: HuntDesk) -> None:
    begun = desk.begin(WHO, Question(rules=(GUESSED,)))
    desk.go_on(WHO, begun.id, threading.Event())
    assert set(desk.hunts.counts(begun.id)) == {GUESSED}
    with pytest.raises(InputError, match="no rule with id 'nothing'"):
        desk.begin(WHO, Question(rules=("nothing",)))


def test_a_time_and_a_query_narrow_a_hunt(desk: HuntDesk) -> None:
    asked = Question(rules=(FAILED,), query="source.ip:10.0.0.0", end=to_text(START + timedelta(seconds=50)))
    begun = desk.begin(WHO, asked)
    assert desk.go_on(WHO, begun.id, threading.Event()).progress.hits == 9
    with pytest.raises(InputError, match="query"):
        desk.begin(WHO, Question(rules=(), query="a:("))


def test_exhaustive_looks_at_every_event_and_finds_the_same(desk: HuntDesk) -> None:
    quick, slow = (desk.begin(WHO, Question(rules=(), exhaustive=each)) for each in (False, True))
    for each in (quick, slow):
        desk.go_on(WHO, each.id, threading.Event())
    assert found(desk, quick.id) == found(desk, slow.id)
    assert desk.hunts.get(WHO.scope, slow.id).progress.seen == 100


def test_nobody_hunts_or_reads_hunts_in_another_agency(desk: HuntDesk, store: LocalStore) -> None:
    store.add([record(number, "dept-b") for number in range(100, 130)], Mark(130))
    theirs = Principal(id="b", name="b", role=Role.OPERATOR, agency="dept-b", scope=frozenset({"dept-b"}))
    begun = desk.begin(theirs, Question(rules=(FAILED,)))
    assert desk.go_on(theirs, begun.id, threading.Event()).progress.hits == 10
    ours = Principal(id="a", name="a", role=Role.OPERATOR, agency="dept-a", scope=frozenset({"dept-a"}))
    with pytest.raises(InputError, match="no such hunt"):
        desk.hunts.get(ours.scope, begun.id)
    reader = Principal(id="r", name="r", role=Role.AUDITOR, agency="city", scope=WHO.scope)
    with pytest.raises(RefusedError):
        desk.begin(reader, Question(rules=()))


def test_alerts_come_only_on_request_and_once(desk: HuntDesk, database: Database) -> None:
    alerts = Alerts(database, Audit(database))
    begun = desk.begin(WHO, Question(rules=()))
    desk.go_on(WHO, begun.id, threading.Event())
    assert alerts.find(WHO.scope).total == 0
    count = desk.raise_alerts(WHO, begun.id)
    assert alerts.find(WHO.scope).total == count > 0
    assert desk.raise_alerts(WHO, begun.id) == count
    assert alerts.find(WHO.scope).total == count
    actions = [entry.action for entry in Audit(database).entries(0, 50)]
    assert {"hunt.started", "hunt.alerts_raised"} <= set(actions)
