"""A line sent again has the key it had before; a true repeat within one request has another."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.errors import InputError
from sentinel.event import MAX_LINE_BYTES, decode
from sentinel.intake.lines import Line, Tally, encoded, keys
from sentinel.normalise import normalise

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
TOLD = datetime(2026, 11, 23, 7, 59, tzinfo=UTC)
TIMED = Line(raw="door opened", dataset="app.door", host="web01", time=TOLD)
TIMELESS = replace(TIMED, time=None)


def named(*lines: Line, sender: str = "s-1", at: datetime = AT, tally: Tally | None = None) -> list[str]:
    return keys(sender, lines, at, tally or Tally())


def test_equal_lines_of_one_request_are_kept_apart() -> None:
    found = named(TIMED, TIMED, TIMELESS, TIMELESS)
    assert len(set(found)) == 4


def test_a_line_with_a_time_is_known_in_any_other_request() -> None:
    other = replace(TIMED, raw="door closed")
    assert named(other, TIMED)[1] == named(TIMED, at=AT + timedelta(days=9))[0]


def test_a_line_without_a_time_is_known_only_in_the_same_request_of_the_same_hour() -> None:
    other = replace(TIMELESS, raw="door closed")
    assert named(TIMELESS, other) == named(TIMELESS, other, at=AT + timedelta(minutes=59))
    assert named(TIMELESS, other)[0] != named(TIMELESS)[0]
    assert named(TIMELESS) != named(TIMELESS, at=AT + timedelta(hours=1))


def test_timed_lines_beside_do_not_change_a_timeless_one() -> None:
    assert named(TIMELESS, TIMED)[0] == named(TIMELESS)[0]


def test_a_given_id_decides_alone() -> None:
    one, two = replace(TIMED, given_id="a"), replace(TIMED, given_id="a", raw="other")
    assert len(set(named(one, two))) == 1
    assert named(one) != named(replace(one, given_id="b"))


def test_two_senders_never_share_a_key() -> None:
    assert named(TIMED) != named(TIMED, sender="s-2")
    assert named(replace(TIMED, given_id="a")) != named(replace(TIMED, given_id="a"), sender="s-2")


def test_everything_that_was_said_counts() -> None:
    variants = [
        TIMED,
        replace(TIMED, host="web02"),
        replace(TIMED, dataset="app.gate"),
        replace(TIMED, time=AT),
        replace(TIMED, hints={"log.offset": 1}),
        replace(TIMED, raw="door opened "),
    ]
    assert len({named(each)[0] for each in variants}) == len(variants)


def test_a_connection_counts_on_and_a_new_one_begins_again() -> None:
    connection = Tally()
    line = replace(TIMELESS, has_time=True)
    first, second = named(line, tally=connection), named(line, tally=connection)
    assert first != second
    assert named(line, line, tally=Tally()) == [*first, *second]


def test_a_long_connection_does_not_fill_the_memory() -> None:
    tally = Tally(limit=2)
    for number in range(10):
        tally.ordinal(str(number).encode())
    assert tally.ordinal(b"9") == 1


def test_the_time_told_is_kept_whatever_it_is_and_so_is_the_time_of_receipt() -> None:
    year_off = replace(TIMED, time=AT + timedelta(days=365))
    event = decode(encoded(year_off, "k", AT), collector="s-1", epoch="e", sequence=1)
    record = normalise(event, agency="dept-a", received_at="2026-11-23T08:00:00.000000Z")
    assert record.fields["@timestamp"] == "2027-11-23T08:00:00.000000Z"
    assert record.fields["event.created"] == "2026-11-23T08:00:00.000000Z"


def test_what_could_not_be_read_again_is_not_taken() -> None:
    with pytest.raises(InputError, match="at most"):
        encoded(replace(TIMED, hints={"labels.x": "x" * MAX_LINE_BYTES}), "k", AT)


@given(st.text(), st.text(), st.text(), st.dictionaries(st.text(), st.none() | st.text() | st.integers(), max_size=3))
def test_no_line_is_without_a_key(raw: str, host: str, given_id: str, hints: dict[str, str | int | None]) -> None:
    line = Line(raw=raw, dataset="app.x", host=host, given_id=given_id, hints=hints)
    first, again = named(line), named(line)
    assert first == again
    event = decode(encoded(line, first[0], AT), collector="s-1", epoch="e", sequence=1)
    assert (event.raw, event.key) == (raw, first[0])
