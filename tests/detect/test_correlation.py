"""Correlations: what they count, in which window, for whom, and that a restart changes nothing."""

from collections.abc import Sequence
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel.detect.correlate import groups as bounds
from sentinel.detect.engine import Engine
from sentinel.errors import InputError
from sentinel.model.match import Match
from sentinel.model.moment import to_text
from sentinel.model.record import Record
from tests.detect.conftest import START, Load, MakeEngine, MakeRecord

BASE = """
title: Failure
name: failure
logsource: {product: test}
detection: {s: {action: fail}, condition: s}
---
title: Success
name: success
logsource: {product: test}
detection: {s: {action: ok}, condition: s}
---
title: Other
name: other
logsource: {product: test}
detection: {s: {action: other}, condition: s}
---
"""


def correlation(kind: str, rules: str, condition: str, more: str = "", title: str = "Found") -> str:
    """Return the text of a correlation rule, grouped by `ip` within a minute."""
    return f"""
title: {title}
name: {title.lower()}
correlation:
  type: {kind}
  rules: [{rules}]
  group-by: [ip]
  timespan: 1m
  condition: {condition}
  {more}
level: high
"""


def found(engine: Engine, records: Sequence[Record]) -> list[Match]:
    """Return the matches, fed one by one."""
    return [match for record in records for match, _ in engine.match([record])]


def test_events_are_counted_by_group_within_the_window(engine: MakeEngine, record: MakeRecord) -> None:
    made = engine(BASE + correlation("event_count", "failure", "{gte: 3}"))
    records = [record(second, key=f"a{second}", action="fail", ip="a") for second in (0, 10, 60)]
    records.insert(1, record(5, key="b", action="fail", ip="b"))
    matches = found(made, records)
    assert [match.rule.title for match in matches] == ["Found"]
    assert matches[0].record_id == "a60"
    assert matches[0].contributing == ("a0", "a10", "a60")
    assert matches[0].group == (("ip", "a"),)
    assert "gte: 3" in matches[0].evidence[0].pattern
    assert matches[0].evidence[1].field == "action"


def test_a_window_slides_and_is_no_longer_than_its_span(engine: MakeEngine, record: MakeRecord) -> None:
    made = engine(BASE + correlation("event_count", "failure", "{gte: 3}"))
    times = (0, 50, 61, 100)
    matches = found(made, [record(time, key=str(time), action="fail", ip="a") for time in times])
    assert [match.contributing for match in matches] == [("50", "61", "100")]


def test_a_record_counts_towards_one_match(engine: MakeEngine, record: MakeRecord) -> None:
    made = engine(BASE + correlation("event_count", "failure", "{gte: 2}"))
    matches = found(made, [record(time, key=str(time), action="fail", ip="a") for time in range(5)])
    assert [match.contributing for match in matches] == [("0", "1"), ("2", "3")]


def test_records_out_of_order_are_counted_all_the_same(engine: MakeEngine, record: MakeRecord) -> None:
    made = engine(BASE + correlation("event_count", "failure", "{gte: 3}"))
    matches = found(made, [record(time, key=str(time), action="fail", ip="a") for time in (50, 0, 20)])
    assert [match.contributing for match in matches] == [("0", "20", "50")]


def test_one_clock_in_the_future_hides_nothing_of_its_group_and_ages_by_itself(
    engine: MakeEngine, record: MakeRecord
) -> None:
    made = engine(BASE + correlation("event_count", "failure", "{gte: 4}"))

    def fail(second: int) -> Record:
        return record(second, key=f"k{second}", action="fail", ip="a", **{"event.ingested": to_text(START)})

    ahead = [fail(hour * 3_600) for hour in range(1, 50)]
    assert found(made, [fail(0), fail(1), *ahead, fail(2)]) == []
    assert len(made.checkpoint()) < 1_500
    assert len(found(made, [fail(3)])) == 1


def test_one_clock_in_the_future_hides_nothing_of_other_groups(engine: MakeEngine, record: MakeRecord) -> None:
    made = engine(BASE + correlation("event_count", "failure", "{gte: 2}"))
    times = [(0, "a"), (10**8, "b"), (1, "a")]
    matches = found(made, [record(time, key=str(time), action="fail", ip=ip) for time, ip in times])
    assert [match.contributing for match in matches] == [("0", "1")]


@pytest.mark.parametrize(
    ("condition", "fires_at"),
    [("{gt: 2}", [3]), ("{eq: 2}", [2, 4]), ("{gte: 2, lte: 4}", [2, 4]), ("{gt: 1.5}", [2, 4]), ("{lt: 0}", [])],
)
def test_conditions_compare_and_may_be_ranges(
    condition: str, fires_at: list[int], engine: MakeEngine, record: MakeRecord
) -> None:
    made = engine(BASE + correlation("event_count", "failure", condition))
    matches = found(made, [record(count, key=str(count), action="fail", ip="a") for count in range(1, 5)])
    assert [int(match.record_id) for match in matches] == fires_at


def test_distinct_values_are_counted_not_events(engine: MakeEngine, record: MakeRecord) -> None:
    made = engine(BASE + correlation("value_count", "failure", "{field: user, gte: 3}"))
    users = ["x", "x", "y", "y", "z"]
    records = [record(n, key=str(n), action="fail", ip="a", user=user) for n, user in enumerate(users)]
    records.append(record(9, key="none", action="fail", ip="a"))
    assert [match.record_id for match in found(made, records)] == ["4"]


def test_distinct_values_of_several_fields_are_pairs(engine: MakeEngine, record: MakeRecord) -> None:
    made = engine(BASE + correlation("value_count", "failure", "{field: [user, port], gte: 3}"))
    pairs = [("x", 1), ("x", 2), ("x", 1), ("y", 1)]
    records = [record(n, key=str(n), action="fail", ip="a", user=u, port=p) for n, (u, p) in enumerate(pairs)]
    assert [match.record_id for match in found(made, records)] == ["3"]


@pytest.mark.parametrize(
    ("kind", "condition", "fires"),
    [
        ("value_sum", "{field: rows, gt: 100}", ["2"]),
        ("value_avg", "{field: rows, gte: 40}", ["2"]),
        ("value_median", "{field: rows, gte: 20}", ["1", "2"]),
        ("value_percentile", "{field: rows, percentile: 100, gte: 100}", ["2"]),
    ],
)
def test_numbers_are_added_and_averaged(
    kind: str, condition: str, fires: list[str], engine: MakeEngine, record: MakeRecord
) -> None:
    made = engine(BASE + correlation(kind, "failure", condition))
    rows: list[int | str] = [10, "30", 100, "many"]
    records = [record(n, key=str(n), action="fail", ip="a", rows=value) for n, value in enumerate(rows)]
    assert [match.record_id for match in found(made, records)] == fires


def test_temporal_asks_for_all_rules_in_any_order(engine: MakeEngine, record: MakeRecord) -> None:
    made = engine(BASE + correlation("temporal", "failure, success", "{gte: 2}"))
    records = [record(0, key="1", action="ok", ip="a"), record(9, key="2", action="fail", ip="a")]
    assert [match.contributing for match in found(made, records)] == [("1", "2")]
    assert found(made, [record(20, key="3", action="fail", ip="a"), record(81, key="4", action="ok", ip="a")]) == []


def test_temporal_without_a_condition_means_all_rules(engine: MakeEngine, record: MakeRecord) -> None:
    text = correlation("temporal_ordered", "failure, success", "X").replace("  condition: X\n", "")
    made = engine(BASE + text)
    wrong = [record(0, key="1", action="ok", ip="a"), record(9, key="2", action="fail", ip="a")]
    assert found(made, wrong) == []
    assert [match.contributing for match in found(made, [record(10, key="3", action="ok", ip="a")])] == [("2", "3")]


def test_at_the_same_time_the_order_of_arrival_decides(engine: MakeEngine, record: MakeRecord) -> None:
    made = engine(BASE + correlation("temporal_ordered", "failure, success", "{gte: 2}"))
    assert found(made, [record(0, key="1", action="ok", ip="a"), record(0, key="2", action="fail", ip="a")]) == []
    assert len(found(made, [record(0, key="3", action="ok", ip="a")])) == 1


def test_an_extended_condition_may_exclude(engine: MakeEngine, record: MakeRecord) -> None:
    made = engine(BASE + correlation("temporal", "failure, success, other", "failure and success and not other"))
    disturbed = [record(n, key=str(n), action=action, ip="a") for n, action in enumerate(("other", "fail", "ok"))]
    assert found(made, disturbed) == []
    clean = [record(n, key=str(n), action=action, ip="b") for n, action in enumerate(("fail", "ok"))]
    assert [match.contributing for match in found(made, clean)] == [("0", "1")]


def test_success_after_guessing_is_a_chain(engine: MakeEngine, record: MakeRecord) -> None:
    guessing = correlation("event_count", "failure", "{gte: 3}", title="Guessing")
    made = engine(BASE + guessing + "---" + correlation("temporal_ordered", "guessing, success", "{gte: 2}"))
    assert found(made, [record(0, key="early", action="ok", ip="a")]) == []
    records = [record(n, key=str(n), action="fail", ip="a") for n in range(1, 4)]
    assert found(made, records) == []
    matches = found(made, [record(9, key="in", action="ok", ip="b"), record(9, key="in", action="ok", ip="a")])
    assert [match.rule.title for match in matches] == ["Found"]
    assert matches[0].contributing == ("1", "2", "3", "in")


def test_generate_lets_the_rules_speak_for_themselves(engine: MakeEngine, record: MakeRecord) -> None:
    records = [record(n, key=str(n), action="fail", ip="a") for n in range(2)]
    silent = engine(BASE + correlation("event_count", "failure", "{gte: 2}"))
    assert [match.rule.title for match in found(silent, records)] == ["Found"]
    spoken = engine(BASE + correlation("event_count", "failure", "{gte: 2}", more="generate: true"))
    assert [match.rule.title for match in found(spoken, records)] == ["Failure", "Failure", "Found"]


def test_aliases_name_one_thing_that_rules_call_differently(engine: MakeEngine, record: MakeRecord) -> None:
    text = correlation("temporal", "failure, success", "{gte: 2}").replace("group-by: [ip]", "group-by: [who]")
    aliases = "aliases: {who: {failure: source, success: client}}"
    made = engine(BASE + text.replace("timespan: 1m", f"timespan: 1m\n  {aliases}"))
    records = [record(0, key="1", action="fail", source="x"), record(1, key="2", action="ok", client="x")]
    assert [match.group for match in found(made, records)] == [(("who", "x"),)]
    others = [record(2, key="3", action="fail", source="y"), record(3, key="4", action="ok", client="z")]
    assert found(made, others) == []


def test_what_lacks_a_group_value_is_counted_not_correlated(engine: MakeEngine, record: MakeRecord) -> None:
    made = engine(BASE + correlation("event_count", "failure", "{gte: 2}"))
    assert found(made, [record(n, key=str(n), action="fail") for n in range(3)]) == []
    assert made.statistics["ungrouped"] == 3


def test_agencies_are_never_joined(engine: MakeEngine, record: MakeRecord) -> None:
    made = engine(BASE + correlation("event_count", "failure", "{gte: 2}"))
    for n, agency in enumerate(("one", "two")):
        assert found(made, [record(n, key=agency, action="fail", ip="a", **{"organization.id": agency})]) == []


def test_memory_is_bounded_and_what_is_given_up_is_counted(
    engine: MakeEngine, record: MakeRecord, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounds, "MAX_GROUPS", 10)
    made = engine(BASE + correlation("event_count", "failure", "{gte: 2}"))
    found(made, [record(0, key=str(n), action="fail", ip=str(n)) for n in range(15)])
    assert made.statistics["evicted"] == 5
    assert len(found(made, [record(1, key="again", action="fail", ip="14")])) == 1
    assert found(made, [record(1, key="gone", action="fail", ip="0")]) == []


def test_long_values_are_told_apart_and_take_little_room(engine: MakeEngine, record: MakeRecord) -> None:
    made = engine(BASE + correlation("value_count", "failure", "{gte: 3, field: user}"))
    long = "x" * 100_000
    records = [record(n, key=f"k{n}", action="fail", ip=long, user=f"{long}{n}") for n in range(3)]
    assert found(made, [records[0], records[1], records[1]]) == []
    assert len(made.checkpoint()) < 10_000
    assert len(found(made, records[2:])) == 1


@pytest.mark.parametrize(
    ("kind", "rules", "condition"),
    [
        ("value_count", "failure", "{field: user, gte: 3}"),
        ("temporal", "failure, success", "{gte: 2}"),
        ("temporal_ordered", "failure, success", "{gte: 2}"),
    ],
)
def test_a_flood_of_equal_matches_is_held_as_one(
    kind: str, rules: str, condition: str, engine: MakeEngine, record: MakeRecord
) -> None:
    made = engine(BASE + correlation(kind, rules, condition))
    found(made, [record(n / 100, key=f"r{n}", action="fail", ip="a", user="x") for n in range(500)])
    assert b"r499" in made.checkpoint()
    assert b"r498" not in made.checkpoint()


def test_groups_nobody_touches_are_forgotten(engine: MakeEngine, record: MakeRecord) -> None:
    made = engine(BASE + correlation("event_count", "failure", "{gte: 2}"))
    for seconds, ip in ((0, "old"), (8_000, "new")):
        arrived = {"event.ingested": to_text(START + timedelta(seconds=seconds))}
        found(made, [record(seconds, key=ip, action="fail", ip=ip, **arrived)])
    assert b"old" not in made.checkpoint()
    assert b"new" in made.checkpoint()


EVENTS = st.lists(
    st.tuples(st.integers(0, 200), st.sampled_from(["fail", "ok", "other"]), st.sampled_from("ab"), st.integers(0, 3)),
    max_size=40,
)
ALL_KINDS = "---".join(
    [
        BASE.rstrip("-\n") + "\n",
        correlation("event_count", "failure", "{gte: 3}", title="Guessing"),
        correlation("value_count", "failure, other", "{field: user, gte: 3}", title="Values"),
        correlation("temporal_ordered", "guessing, success", "{gte: 2}", title="Chain"),
        correlation("temporal", "failure, success", "failure and not success", title="Lone"),
    ]
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=80, deadline=None)
@given(events=EVENTS, cut=st.integers(0, 40))
def test_a_restart_changes_nothing(
    load: Load, record: MakeRecord, events: list[tuple[int, str, str, int]], cut: int
) -> None:
    from tests.detect.conftest import PLAIN

    rule_set = load(ALL_KINDS)
    assert not rule_set.faults
    records = [
        record(time, key=str(n), action=action, ip=ip, user=user) for n, (time, action, ip, user) in enumerate(events)
    ]
    whole = Engine(rule_set, [PLAIN])
    expected = [*whole.match(records[:cut]), *whole.match(records[cut:])]
    before = Engine(rule_set, [PLAIN])
    matches = before.match(records[:cut])
    after = Engine(rule_set, [PLAIN])
    after.restore(before.checkpoint())
    assert after.checkpoint() == before.checkpoint()
    assert [*matches, *after.match(records[cut:])] == expected
    assert after.checkpoint() == whole.checkpoint()


def test_what_a_changed_correlation_had_gathered_is_dropped(engine: MakeEngine, record: MakeRecord) -> None:
    before = engine(BASE + correlation("event_count", "failure", "{gte: 3}"))
    found(before, [record(n, key=str(n), action="fail", ip="a") for n in range(2)])
    after = engine(BASE + correlation("event_count", "failure", "{gte: 2}"))
    after.restore(before.checkpoint())
    assert found(after, [record(3, key="3", action="fail", ip="a")]) == []


@pytest.mark.parametrize("state", [b"{", b"[]", b'{"version": 99}', b'{"version": 1}', b"5"])
def test_a_damaged_checkpoint_is_refused(state: bytes, engine: MakeEngine) -> None:
    with pytest.raises(InputError, match="detection state"):
        engine(BASE + correlation("event_count", "failure", "{gte: 2}")).restore(state)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (correlation("event_count", "nobody", "{gte: 2}"), "nobody"),
        (correlation("event_count", "failure", "{gte: two}"), "must be a number"),
        (correlation("event_count", "failure", "{gte: 1000000}"), "must lie in"),
        (correlation("value_count", "failure", "{gte: 2}"), "field"),
        (correlation("often", "failure", "{gte: 2}"), "often"),
        (correlation("event_count", "failure", "{gte: 2}").replace("1m", "1 minute"), "imespan"),
        (correlation("event_count", "failure", "{gte: 2}").replace("1m", "3y"), "longer than"),
        (correlation("event_count", "found", "{gte: 2}"), "back to itself"),
    ],
)
def test_a_broken_correlation_is_named_and_its_rules_work(text: str, words: str, load: Load) -> None:
    rule_set = load(BASE + text)
    assert len(rule_set.rules) == 3
    assert not rule_set.correlations
    assert any(words in fault.message for fault in rule_set.faults)


def test_a_circle_of_correlations_is_refused_with_all_that_lean_on_it(load: Load) -> None:
    circle = [
        correlation("event_count", "two", "{gte: 1}", title="One"),
        correlation("event_count", "one", "{gte: 1}", title="Two"),
        correlation("event_count", "one", "{gte: 1}", title="Leaning"),
        correlation("event_count", "failure", "{gte: 2}", title="Sound"),
    ]
    rule_set = load(BASE + "---".join(circle))
    assert [each.info.title for each in rule_set.correlations] == ["Sound"]
    assert len(rule_set.faults) == 3


def test_a_name_two_rules_bear_must_be_an_id(load: Load) -> None:
    rule_set = load(BASE + BASE.replace("Failure", "Double") + correlation("event_count", "failure", "{gte: 2}"))
    assert "refer to one by its id" in rule_set.faults[-1].message
