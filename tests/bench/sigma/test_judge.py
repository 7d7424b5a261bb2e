"""A difference counts as explained only where somebody has looked at exactly that one."""

from typing import Any

from bench.sigma.explained import Explained, Explanation
from bench.sigma.judge import judge

ENTRY: dict[str, Any] = {
    "expected_rules": [{"rule_id": "a", "title": "A", "min_events": 2, "max_events": 2}],
    "possible_rules": [{"rule_id": "p", "title": "P"}],
}
KNOWN = Explained({}, {("stream", "one", "x"): Explanation("X", "true match", "c", "h", frozenset({7, 8}))})


def test_what_is_expected_and_possible_is_no_difference() -> None:
    judgement = judge("stream", {("one", "a"): [1, 2], ("one", "p"): [3]}, [("one", ENTRY)], KNOWN)
    assert (judgement.found, judgement.missed, judgement.equal, judgement.possible) == (1, 0, 1, 1)
    assert judgement.differences == []


def test_a_missed_rule_and_another_count_are_differences() -> None:
    assert [each.what for each in judge("stream", {}, [("one", ENTRY)], KNOWN).unexplained] == ["missed"]
    (difference,) = judge("stream", {("one", "a"): [1, 2, 3]}, [("one", ENTRY)], KNOWN).unexplained
    assert difference.what == "fires on 3 events, not 2 to 2"


def test_an_extra_match_is_explained_on_the_lines_that_were_looked_at_alone() -> None:
    fired = {("one", "a"): [1, 2], ("one", "x"): [8, 7]}
    judgement = judge("stream", fired, [("one", ENTRY)], KNOWN)
    assert len(judgement.differences) == 1
    assert judgement.unexplained == []
    assert len(judge("stream", {**fired, ("one", "x"): [7]}, [("one", ENTRY)], KNOWN).unexplained) == 1
    assert len(judge("stream", {**fired, ("one", "x"): [7, 8, 9]}, [("one", ENTRY)], KNOWN).unexplained) == 1
    assert len(judge("evtx", fired, [("one", ENTRY)], KNOWN).unexplained) == 1


def test_a_match_where_nothing_is_described_is_a_difference() -> None:
    assert len(judge("stream", {("two", "a"): [1]}, [], KNOWN).unexplained) == 1
