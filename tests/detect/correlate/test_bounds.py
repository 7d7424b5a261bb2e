"""Correlations keep within bounds, whatever senders claim; what they keep survives, and what is damaged is refused."""

import pickle
import tracemalloc
from collections.abc import Sequence
from itertools import pairwise

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.detect.correlate import groups as bounds
from sentinel.detect.correlate import holdback, window
from sentinel.detect.correlate.correlator import MAX_DEPTH, MIN_CHANGES_BYTES, Correlator
from sentinel.detect.correlate.expression import names_in, parse
from sentinel.detect.correlate.hit import Hit
from sentinel.errors import InputError
from sentinel.model.match import Evidence
from sentinel.model.record import Record
from tests.detect.correlate.oracle import answers, made

START = 1_700_000_000_000_000
SECOND = 1_000_000
YEAR = 365 * 86_400 * SECOND


def hit(number: int, at: float, received: float | None = None, **fields: str) -> Hit:
    """Return a hit of the rule `a` so many seconds after the start."""
    moment = START + round(at * SECOND)
    clock = moment if received is None else START + round(received * SECOND)
    return Hit("a", f"r{number}", f"t{number}", moment, clock, "city", {"ip": "x", **fields})


def found(correlator: Correlator, hits: Sequence[Hit]) -> list[tuple[str, ...]]:
    """Return the records behind each match."""
    return [match.contributing for each in hits for match in correlator.see(each)]


def test_a_hit_travels_between_processes() -> None:
    sent = Hit("a", "r", "t", 1, 2, "city", {"ip": "x"}, (Evidence("s", "f", "v", "p"),), ("r", "q"))
    assert pickle.loads(pickle.dumps(sent)) == sent
    assert msgspec.msgpack.decode(msgspec.msgpack.encode(sent), type=Hit) == sent


def test_a_hit_must_carry_what_all_above_look_at() -> None:
    below = made("below", "event_count", ["a"], group_by=("ip", "organization.id"))
    above = made("above", "value_count", ["below"], fields=("who",), aliases={"who": {"below": "user"}})
    correlator = Correlator([above, below])
    assert set(correlator.wanted("a")) == {"ip", "user"}
    assert set(correlator.wanted("below")) == {"ip", "user"}
    assert correlator.wanted("b") == ()


@pytest.mark.parametrize("wrong", [YEAR, -YEAR])
@pytest.mark.parametrize("lateness", [0.0, 2.0])
def test_a_wrong_clock_neither_fills_memory_nor_hides_others(wrong: int, lateness: float) -> None:
    correlator = Correlator([made("k", "event_count", ["a"], limits=(("gte", 3.0),))], lateness)
    for number in range(2_000):
        lost = Hit("a", f"w{number}", "t", START + wrong + number * 11 * SECOND, START, "city", {"ip": "x"})
        assert correlator.see(lost) == []
    assert correlator.held < 10
    right = found(correlator, [hit(number, number + 5) for number in range(3)])
    right += [match.contributing for match, _ in correlator.finish()]
    assert right == [("r0", "r1", "r2")]


def test_a_group_that_overflows_gives_up_its_oldest_and_says_so(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(window, "MAX_IN_GROUP", 5)
    correlator = Correlator([made("k", "value_sum", ["a"], fields=("rows",), limits=(("gte", 6.0),))])
    assert found(correlator, [hit(number, number / 10, rows="1") for number in range(20)]) == []
    assert correlator.held == 5
    assert correlator.evicted == 15
    assert found(correlator, [hit(99, 2, rows="2")]) == [("r16", "r17", "r18", "r19", "r99")]
    correlator.expire()
    correlator.expire()
    assert caplog.text.count("Correlations are full") == 1


def test_too_many_groups_give_up_the_longest_untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bounds, "MAX_GROUPS", 3)
    correlator = Correlator([made("k", "event_count", ["a"], limits=(("gte", 2.0),))])
    found(correlator, [hit(number, number / 10, ip=ip) for number, ip in enumerate("abcd")])
    assert correlator.evicted == 1
    assert found(correlator, [hit(8, 1, ip="d")]) == [("r3", "r8")]
    assert found(correlator, [hit(9, 1, ip="a")]) == []


def test_too_many_that_wait_for_late_ones_go_on_early_and_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holdback, "MAX_WAITING", 10)
    correlator = Correlator([made("k", "event_count", ["a"], limits=(("gte", 1.0),))], 60.0)
    assert len(found(correlator, [hit(number, 0.01 * number) for number in range(30)])) == 19
    assert correlator.hurried == 19
    assert len(correlator.finish()) == 11


def test_a_server_clock_that_is_set_back_lets_nothing_wait_for_the_old_one() -> None:
    correlator = Correlator([made("k", "event_count", ["a"], limits=(("gte", 1.0),))], 2.0)
    assert found(correlator, [hit(1, 10_000)]) == []
    assert found(correlator, [hit(2, 0)]) == [("r1",)]
    assert [match.contributing for match, _ in correlator.advance(START + 3 * SECOND)] == [("r2",)]


def test_a_late_match_comes_with_the_record_that_completed_it() -> None:
    correlator = Correlator([made("k", "event_count", ["a"], limits=(("gte", 2.0),))], 2.0)
    records = [Record(f"r{number}", {"@timestamp": f"t{number}", "list": [1, 2]}) for number in range(2)]
    for number, record in enumerate(records):
        assert correlator.feed(hit(number, number), record) == []
    other = Correlator([made("k", "event_count", ["a"], limits=(("gte", 2.0),))], 2.0)
    other.load(correlator.dump())
    ((match, record),) = other.finish()
    assert (match.record_id, record) == ("r1", records[1])


def test_no_wait_is_longer_than_an_hour() -> None:
    with pytest.raises(InputError, match="lateness"):
        Correlator([], 4_000.0)


def test_correlations_may_stand_on_each_other_so_high_and_no_higher() -> None:
    def tower(height: int) -> Correlator:
        names = ["a", *(f"c{number}" for number in range(height))]
        return Correlator([made(name, "event_count", [below]) for below, name in pairwise(names)])

    assert [match.rule.id for match in tower(MAX_DEPTH).see(hit(1, 0))] == [f"c{n}" for n in range(MAX_DEPTH)]
    with pytest.raises(InputError, match="deep"):
        tower(MAX_DEPTH + 1)


@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
@settings(max_examples=150, deadline=None)
def test_a_state_with_a_wrong_bit_is_refused(place: int, bit: int) -> None:
    correlation = made("k", "value_count", ["a"], fields=("user",), limits=(("gte", 9.0),))
    correlator = Correlator([correlation], 1.0)
    found(correlator, [hit(number, number, user=f"u{number}") for number in range(5)])
    state = bytearray(correlator.dump())
    state[place % len(state)] ^= 1 << bit
    with pytest.raises(InputError, match="detection state"):
        Correlator([correlation], 1.0).load(bytes(state))


@given(place=st.integers(0, 10_000), bit=st.integers(0, 7))
def test_one_flipped_bit_in_what_was_put_behind_a_state_is_noticed(place: int, bit: int) -> None:
    correlation = made("k", "value_count", ["a"], fields=("user",), limits=(("gte", 9.0),))
    correlator = Correlator([correlation])
    whole = correlator.dump()
    found(correlator, [hit(number, number, user=f"u{number}") for number in range(5)])
    changes = bytearray(correlator.changes() or b"")
    changes[place % len(changes)] ^= 1 << bit
    with pytest.raises(InputError, match="detection state"):
        Correlator([correlation]).load(whole + changes)


def test_changes_alone_and_a_whole_behind_another_are_refused() -> None:
    correlation = made("k", "event_count", ["a"])
    correlator = Correlator([correlation])
    whole = correlator.dump()
    changes = correlator.changes() or b""
    for state in (changes, whole + whole, whole + changes + whole, whole + changes[:-1]):
        with pytest.raises(InputError, match="detection state"):
            Correlator([correlation]).load(state)


def test_a_state_is_written_anew_when_the_changes_behind_it_are_as_long() -> None:
    correlator = Correlator([made("k", "event_count", ["a"], group_by=("ip",), limits=(("gte", 9.0),))])
    assert correlator.changes() is None, "nothing was written that they could stand behind"
    correlator.dump()
    written, rounds = 0, 0
    while (changes := correlator.changes()) is not None:
        written += len(changes)
        for number in range(1_000):
            correlator.see(hit(rounds * 1_000 + number, rounds, ip=str(rounds * 1_000 + number)))
        rounds += 1
    assert MIN_CHANGES_BYTES < written < 2 * MIN_CHANGES_BYTES
    assert correlator.dump()
    assert correlator.changes() is not None
    correlator.load(b"")
    assert correlator.changes() is None


@given(state=st.binary(max_size=200))
def test_no_bytes_break_the_loading_of_a_state(state: bytes) -> None:
    correlator = Correlator([made("k", "event_count", ["a"])])
    for text in (state, b"SENTINEL-CORRELATIONS-3\n" + state):
        try:
            correlator.load(text)
        except InputError:
            continue
        assert text == b""


def test_a_correlation_that_changed_begins_anew_and_others_go_on(caplog: pytest.LogCaptureFixture) -> None:
    kept, changed = (made(name, "event_count", ["a"], limits=(("gte", 2.0),)) for name in ("kept", "changed"))
    before = Correlator([kept, changed])
    assert found(before, [hit(1, 0)]) == []
    after = Correlator([kept, made("changed", "event_count", ["a"], limits=(("gte", 1.5),))])
    after.load(before.dump())
    assert "A correlation has changed" in caplog.text
    assert [rule for rule, _, _ in answers(after.see(hit(2, 1)))] == ["kept"]


@given(text=st.text(alphabet="ab ()andortNOT_-.\n*é", max_size=60))
def test_no_text_breaks_the_reading_of_an_extended_condition(text: str) -> None:
    try:
        names = names_in(text)
    except InputError:
        return
    assert names
    assert parse(text, str) == parse(text, str)


def test_a_condition_nested_too_deep_is_refused() -> None:
    with pytest.raises(InputError, match="deeper"):
        parse("(" * 2_000 + "a" + ")" * 2_000, str)
    with pytest.raises(InputError, match="deeper"):
        parse("not " * 2_000 + "a", str)


WRITTEN = st.sampled_from(["", "whole", "changes"])
HITS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40), WRITTEN), min_size=1, max_size=40)


@given(HITS, st.sampled_from(["event_count", "value_count"]))
def test_a_state_that_was_written_often_is_one_that_was_written_once(
    steps: list[tuple[int, int, str]], kind: str
) -> None:
    def correlator() -> Correlator:
        return Correlator([made("k", kind, ["a"], group_by=("ip",), limits=(("gte", 3.0),), fields=("user",))])

    often, once = correlator(), correlator()
    written = often.dump()
    for number, (ip, at, how) in enumerate(steps):
        each = hit(number, at * 3_000, ip=str(ip), user=str(number % 4))
        assert often.see(each) == once.see(each)
        for one in (often, once):
            one.expire()
        if how == "whole":
            written = often.dump()
        elif how == "changes":
            written += often.changes() or b""
            again = correlator()
            again.load(written)
            assert again.dump() == once.dump()
    assert often.dump() == once.dump()
    restored = correlator()
    restored.load(once.dump())
    assert restored.dump() == once.dump()


def test_where_no_state_is_written_groups_that_are_gone_leave_nothing() -> None:
    groups = Correlator([made("k", "event_count", ["a"], group_by=("ip",), limits=(("gte", 9.0),))])
    tracemalloc.start()
    try:
        sizes = []
        for number in range(3 * bounds.MAX_GROUPS):
            groups.see(hit(number, number / 1_000, ip=f"10.0.{number}"))
            if (number + 1) % bounds.MAX_GROUPS == 0:
                sizes.append(tracemalloc.get_traced_memory()[0])
    finally:
        tracemalloc.stop()
    assert sizes[2] < 1.1 * sizes[1]
