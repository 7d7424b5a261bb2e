"""Promises of the alert queue: nothing counted twice, nobody sees beyond their scope, every decision is audited."""

import threading
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import Engine, func, select

from sentinel.alerts.queue import Alerts
from sentinel.audit import Audit
from sentinel.database.connect import reading
from sentinel.database.tables import alert_matches
from sentinel.errors import ConflictError, InputError, RefusedError
from sentinel.model.alert import AlertState, CloseReason
from sentinel.model.match import Level, Match
from sentinel.model.principal import Role
from sentinel.model.record import Record
from tests.alerts.examples import EVERYTHING, at, person, sighting
from tests.database.fresh import empty

Pair = tuple[Match, Record]


@pytest.fixture
def queue(engine: Engine, log: Audit) -> Alerts:
    return Alerts(engine, log)


def test_a_match_becomes_an_alert_that_says_why(queue: Alerts) -> None:
    (raised,) = queue.raise_from([sighting("r1", level=Level.HIGH, source__ip="10.0.0.9", tags=("attack.t1110",))])
    alert = raised.alert
    assert raised.is_new
    assert (alert.title, alert.title_vi, alert.level) == ("Title of rule-1", "Tiêu đề của rule-1", Level.HIGH)
    assert (alert.agency, alert.host, alert.state, alert.count) == ("dept-a", "web1", AlertState.NEW, 1)
    assert alert.evidence[0].pattern == "CommandLine|contains: whoami"
    assert alert.fields["source.ip"] == "10.0.0.9"
    assert queue.get(EVERYTHING, alert.id) == alert


def test_equal_matches_count_on_one_alert(queue: Alerts) -> None:
    (first,) = queue.raise_from([sighting("r1"), sighting("r2", hours=1)])
    (second,) = queue.raise_from([sighting("r3", hours=2)])
    assert (first.is_new, second.is_new) == (True, False)
    assert second.alert.id == first.alert.id
    assert (second.alert.count, second.alert.first_at, second.alert.last_at) == (3, at(0), at(2))
    assert second.alert.record_id == "r1"


def test_a_replay_changes_nothing_and_returns_the_same_alerts(queue: Alerts) -> None:
    batch = [sighting("r1"), sighting("r2", host="web2"), sighting("r1")]
    first = queue.raise_from(batch)
    again = queue.raise_from(batch)
    assert [raised.alert for raised in again] == [raised.alert for raised in first]
    assert [raised.is_new for raised in first] == [True, True]
    assert [raised.is_new for raised in again] == [False, False]
    assert [raised.alert.count for raised in first] == [1, 1]


def test_after_it_was_closed_a_new_match_raises_a_new_alert(queue: Alerts) -> None:
    (first,) = queue.raise_from([sighting("r1")])
    queue.set_state(person(), first.alert.id, AlertState.CLOSED, CloseReason.RESOLVED, "")
    (replayed,) = queue.raise_from([sighting("r1")])
    assert (replayed.alert.id, replayed.alert.state) == (first.alert.id, AlertState.CLOSED)
    (second,) = queue.raise_from([sighting("r2", hours=1)])
    assert second.is_new
    assert second.alert.id != first.alert.id


def test_a_batch_with_a_record_of_no_agency_keeps_nothing(queue: Alerts) -> None:
    match, record = sighting("r2")
    fields = {name: value for name, value in record.fields.items() if name != "organization.id"}
    with pytest.raises(InputError, match=r"organization\.id"):
        queue.raise_from([sighting("r1"), (match, Record("r2", fields))])
    with pytest.raises(InputError, match="not in the list of agencies: one of dept-a, dept-x"):
        queue.raise_from([sighting("r1"), sighting("r3", agency="dept-x")])
    assert queue.find(EVERYTHING).total == 0


def test_nothing_to_raise_is_no_work(queue: Alerts) -> None:
    assert queue.raise_from([]) == []


cut = st.lists(st.integers(1, 5), min_size=1, max_size=8)
hours = st.lists(st.tuples(st.sampled_from(["web1", "web2"]), st.integers(0, 120)), min_size=1, max_size=14)


def _batches(pairs: list[Pair], sizes: list[int]) -> Iterable[list[Pair]]:
    start, turn = 0, 0
    while start < len(pairs):
        size = sizes[turn % len(sizes)]
        yield pairs[start : start + size]
        start, turn = start + size, turn + 1


def _outcome(queue: Alerts) -> list[tuple[object, ...]]:
    found = queue.find(EVERYTHING, limit=500).alerts
    return sorted((alert.id, alert.count, alert.first_at, alert.last_at, alert.host) for alert in found)


@settings(max_examples=40, deadline=None)
@given(events=hours, sizes=cut, repeats=st.lists(st.integers(0, 13), max_size=6))
def test_however_matches_are_cut_into_batches_and_repeated_the_alerts_are_the_same(
    shared: Engine, events: list[tuple[str, int]], sizes: list[int], repeats: list[int]
) -> None:
    queue = Alerts(shared, Audit(shared))
    pairs = [sighting(f"r{number}", hours=hour, host=host) for number, (host, hour) in enumerate(events)]
    empty(shared)
    queue.raise_from(pairs)
    at_once = _outcome(queue)
    empty(shared)
    for number, batch in enumerate(_batches(pairs, sizes)):
        queue.raise_from(batch)
        if number < len(repeats):  # The process was killed here and begins again further back.
            done = pairs.index(batch[-1]) + 1
            queue.raise_from(pairs[min(repeats[number], done) : done])
    queue.raise_from(pairs)
    assert _outcome(queue) == at_once
    assert sum(int(str(row[1])) for row in at_once) == len(pairs)


@settings(max_examples=40, deadline=None)
@given(data=st.data(), count=st.integers(1, 10), sizes=cut)
def test_matches_of_one_day_give_the_same_alerts_in_any_order(
    shared: Engine, data: st.DataObject, count: int, sizes: list[int]
) -> None:
    queue = Alerts(shared, Audit(shared))
    times = data.draw(st.lists(st.integers(0, 24), min_size=count, max_size=count))
    pairs = [sighting(f"r{number}", hours=hour, host=f"web{number % 3}") for number, hour in enumerate(times)]
    empty(shared)
    queue.raise_from(pairs)
    in_order = _outcome(queue)
    empty(shared)
    for batch in _batches(data.draw(st.permutations(pairs)), sizes):
        queue.raise_from(batch)
    assert _outcome(queue) == in_order


def test_threads_that_raise_the_same_matches_count_each_once(queue: Alerts, engine: Engine) -> None:
    pairs = [sighting(f"r{number}", host=f"web{number % 2}") for number in range(40)]
    threads = [threading.Thread(target=queue.raise_from, args=(pairs[start:],)) for start in (0, 5, 10, 0)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert sorted(alert.count for alert in queue.find(EVERYTHING).alerts) == [20, 20]
    with reading(engine) as connection:
        assert connection.execute(select(func.count()).select_from(alert_matches)).scalar_one() == 40


def test_the_queue_shows_the_worst_first_then_the_newest(queue: Alerts) -> None:
    queue.raise_from(
        [
            sighting("r1", rule="low", level=Level.LOW, hours=9),
            sighting("r2", rule="old", level=Level.CRITICAL, hours=1),
            sighting("r3", rule="new", level=Level.CRITICAL, hours=2),
            sighting("r4", rule="mid", level=Level.MEDIUM),
        ]
    )
    page = queue.find(EVERYTHING, limit=3)
    assert (page.total, [alert.rule_id for alert in page.alerts]) == (4, ["new", "old", "mid"])
    assert [alert.rule_id for alert in queue.find(EVERYTHING, limit=3, offset=3).alerts] == ["low"]


def test_the_queue_is_filtered_by_state_level_rule_host_and_text(queue: Alerts) -> None:
    raised = queue.raise_from(
        [
            sighting("r1", rule="one", level=Level.HIGH, host="CỔNG-1", user__name="minh"),
            sighting("r2", rule="two", level=Level.LOW, host="web_2", source__ip="10.9.8.7"),
        ]
    )
    queue.set_state(person(), raised[1].alert.id, AlertState.ACKNOWLEDGED, None, "")

    def rules(**filters: object) -> list[str]:
        return [alert.rule_id for alert in queue.find(EVERYTHING, **filters).alerts]  # type: ignore[arg-type]

    assert rules(states=[AlertState.NEW]) == ["one"]
    assert rules(states=[AlertState.NEW, AlertState.ACKNOWLEDGED]) == ["one", "two"]
    assert rules(levels=[Level.LOW, Level.CRITICAL]) == ["two"]
    assert rules(rule_id="two") == rules(host="web_2") == ["two"]
    assert rules(text="tiêu đề CỦA one") == rules(text="cổng") == rules(text="MINH") == ["one"]
    assert rules(text="10.9.8") == rules(text="b_2") == ["two"]
    assert rules(text="%") == rules(text="b%2") == rules(incident="nothing") == []
    assert queue.find(EVERYTHING, text="\0' OR 1=1 --", limit=-5, offset=-1).alerts == ()


def test_counts_know_every_state_and_rule(queue: Alerts) -> None:
    raised = queue.raise_from(
        [
            sighting("r1", rule="many", host="web1"),
            sighting("r2", rule="many", host="web2"),
            sighting("r3", rule="many", host="web2"),
            sighting("r4", rule="bad", level=Level.CRITICAL, agency="dept-b"),
        ]
    )
    queue.set_state(person(), raised[0].alert.id, AlertState.ACKNOWLEDGED, None, "")
    assert queue.counts(EVERYTHING) == {AlertState.NEW: 2, AlertState.ACKNOWLEDGED: 1, AlertState.CLOSED: 0}
    found = queue.counts_by_rule(EVERYTHING)
    assert [(each.rule_id, each.level, each.alerts, each.matches) for each in found] == [
        ("bad", Level.CRITICAL, 1, 1),
        ("many", Level.MEDIUM, 2, 3),
    ]


@settings(max_examples=25, deadline=None)
@given(
    agencies=st.lists(st.sampled_from(["city", "dept-a", "dept-b"]), max_size=8),
    scope=st.frozensets(st.sampled_from(["city", "dept-a", "dept-b", "dept-x"])),
)
def test_no_read_answers_from_outside_the_scope(shared: Engine, agencies: list[str], scope: frozenset[str]) -> None:
    queue = Alerts(shared, Audit(shared))
    empty(shared)
    pairs = [sighting(f"r{number}", rule=f"rule-{number}", agency=each) for number, each in enumerate(agencies)]
    raised = queue.raise_from(pairs)
    mine = sorted(each.alert.id for each in raised if each.alert.agency in scope)
    page = queue.find(scope)
    assert sorted(alert.id for alert in page.alerts) == mine
    assert page.total == sum(queue.counts(scope).values()) == len(mine)
    assert sum(each.alerts for each in queue.counts_by_rule(scope)) == len(mine)
    for each in raised:
        assert (queue.get(scope, each.alert.id) is not None) == (each.alert.agency in scope)


def test_a_decision_is_kept_audited_and_returned(queue: Alerts, log: Audit) -> None:
    (raised,) = queue.raise_from([sighting("r1")])
    taken = queue.set_state(person(), raised.alert.id, AlertState.ACKNOWLEDGED, None, "đang xem")
    assert (taken.state, taken.assignee, taken.note, taken.reason) == (AlertState.ACKNOWLEDGED, "lan", "đang xem", None)
    closed = queue.set_state(
        person(name="minh"), raised.alert.id, AlertState.CLOSED, CloseReason.FALSE_POSITIVE, "bản sao lưu"
    )
    assert (closed.state, closed.assignee, closed.reason) == (AlertState.CLOSED, "minh", CloseReason.FALSE_POSITIVE)
    reopened = queue.set_state(person(), raised.alert.id, AlertState.NEW, None, "")
    assert (reopened.state, reopened.assignee, reopened.reason) == (AlertState.NEW, None, None)
    entries = log.entries()
    assert [(entry.actor, entry.action, entry.why) for entry in entries] == [
        ("lan", "alert.acknowledged", "đang xem"),
        ("minh", "alert.closed", "bản sao lưu"),
        ("lan", "alert.new", ""),
    ]
    assert entries[1].detail == {"from": "acknowledged", "reason": "false_positive", "rule": "rule-1"}


def test_who_may_not_decide_is_refused(queue: Alerts, log: Audit) -> None:
    (raised,) = queue.raise_from([sighting("r1")])
    with pytest.raises(RefusedError, match="only reads"):
        queue.set_state(person(Role.AUDITOR), raised.alert.id, AlertState.ACKNOWLEDGED, None, "")
    with pytest.raises(RefusedError, match="you see no alert"):
        queue.set_state(person(Role.ADMINISTRATOR, "dept-b"), raised.alert.id, AlertState.ACKNOWLEDGED, None, "")
    with pytest.raises(RefusedError, match="you see no alert"):
        queue.set_state(person(), "no such id", AlertState.ACKNOWLEDGED, None, "")
    assert log.entries() == []


def test_closing_needs_a_reason_and_happens_once(queue: Alerts) -> None:
    (raised,) = queue.raise_from([sighting("r1")])
    with pytest.raises(InputError, match="needs a reason: resolved, false_positive"):
        queue.set_state(person(), raised.alert.id, AlertState.CLOSED, None, "")
    with pytest.raises(InputError, match="5000 characters"):
        queue.set_state(person(), raised.alert.id, AlertState.ACKNOWLEDGED, None, "x" * 5_000)
    queue.set_state(person(), raised.alert.id, AlertState.CLOSED, CloseReason.EXPECTED, "")
    with pytest.raises(ConflictError, match="lan closed this alert already"):
        queue.set_state(person(name="minh"), raised.alert.id, AlertState.CLOSED, CloseReason.RESOLVED, "")


def test_no_id_or_page_number_breaks_a_read(queue: Alerts) -> None:
    for alert_id in ("", "\0", "\ud800", "x" * 10_000, "'; DROP TABLE alerts"):
        assert queue.get(EVERYTHING, alert_id) is None
        with pytest.raises(RefusedError):
            queue.set_state(person(), alert_id, AlertState.ACKNOWLEDGED, None, "")
    assert queue.find(EVERYTHING, limit=10**30, offset=10**30).alerts == ()
