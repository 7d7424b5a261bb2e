"""The envelope survives the way, and nothing that comes that way can break the decoder."""

import string
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.errors import InputError
from sentinel.event import MAX_LINE_BYTES, Event, decode, encode, encode_batch, lines

plain = st.none() | st.booleans() | st.integers(-(2**63), 2**63) | st.floats(allow_nan=False) | st.text(max_size=20)
events = st.builds(
    Event,
    collector=st.just("c1"),
    epoch=st.just("e1"),
    sequence=st.integers(1, 10**9),
    dataset=st.text(max_size=20),
    host=st.text(max_size=20),
    seen_at=st.datetimes(min_value=datetime(1970, 1, 1), max_value=datetime(2200, 1, 1), timezones=st.just(UTC)),  # noqa: DTZ001
    raw=st.text(st.characters(), max_size=200),
    hints=st.dictionaries(st.text(string.ascii_lowercase + ".", min_size=1, max_size=10), plain, max_size=5),
)


@given(events)
def test_an_event_comes_back_as_it_went(event: Event) -> None:
    assert decode(encode(event), collector="c1", epoch="e1", sequence=event.sequence) == event


@given(st.lists(events, max_size=5))
def test_a_batch_has_one_line_an_event(batch: list[Event]) -> None:
    assert len(list(lines(encode_batch(batch)))) == len(batch)


@given(st.binary(max_size=300))
def test_no_bytes_can_break_the_decoder(line: bytes) -> None:
    try:
        decode(line, collector="c1", epoch="e1", sequence=7)
    except InputError as error:
        assert "event 7" in str(error)


@pytest.mark.parametrize(
    ("line", "fault"),
    [
        (b"[]", "JSON object"),
        (b"{}", "dataset must be a string"),
        (b'{"dataset":"d","host":"h","raw":"r","seen_at":"yesterday"}', "not an ISO 8601 time"),
        (b'{"dataset":"d","host":"h","raw":"r","seen_at":"0001-01-01T00:00:00+14:00"}', "not an ISO 8601 time"),
        (b'{"dataset":"d","host":"h","raw":"r","seen_at":"9999-12-31T23:59:59-14:00"}', "not an ISO 8601 time"),
        (b'{"dataset":"d","host":"h","raw":"r","seen_at":"2026-01-01T00:00:00"}', "no time zone"),
        (b'{"dataset":"d","host":"h","raw":"r","seen_at":"2026-01-01T00:00:00Z","hints":[1]}', "hints"),
        (b'{"dataset":"d","host":"h","raw":"r","seen_at":"2026-01-01T00:00:00Z","hints":{"a":[]}}', "hints"),
        (b"[" * 100_000, "not JSON"),
        (b" " * (MAX_LINE_BYTES + 1), "more than"),
    ],
)
def test_a_bad_event_is_named_with_its_fault(line: bytes, fault: str) -> None:
    with pytest.raises(InputError, match=fault):
        decode(line, collector="c1", epoch="e1", sequence=1)
