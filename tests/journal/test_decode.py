"""The fast decoder says of every line what the shared one says."""

import json
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.errors import InputError
from sentinel.event import Event, encode
from sentinel.event import decode as by_the_book
from sentinel.journal.decode import decode

GOOD = {"dataset": "linux.auth", "host": "h", "seen_at": "2026-11-23T08:00:00+00:00", "raw": "a line"}
scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.floats()
    | st.text(st.sampled_from('aẶ\ud800\udc80\x00"\\'), max_size=8)
    | st.sampled_from(
        ["2026-11-23T08:00:00Z", "2026-11-23T15:00:00.5+07:00", "2026-11-23", "0001-01-01T00:00:00+14:00"]
    )
)
values = scalars | st.lists(scalars, max_size=2) | st.dictionaries(st.text(max_size=3), scalars, max_size=3)
names = st.sampled_from([*GOOD, "hints", "key", "more"])
changed = st.dictionaries(names, values, max_size=4).map(lambda change: GOOD | change)


def outcome(read: object, line: bytes) -> tuple[Event, str] | str:
    """Return what a decoder makes of a line, with the types of all hints, or its error."""
    try:
        event = read(line, collector="c", epoch="e", sequence=7)  # type: ignore[operator]
    except InputError as error:
        return str(error)
    return event, repr(event)


@given(changed, st.booleans())
def test_both_decoders_agree_on_every_object(body: dict[str, object], is_ascii: bool) -> None:
    line = json.dumps(body, ensure_ascii=is_ascii).encode("utf-8", "surrogatepass")
    assert outcome(decode, line) == outcome(by_the_book, line)


@given(st.binary(max_size=60), st.integers(0, 40))
def test_both_decoders_agree_on_damaged_lines(more: bytes, place: int) -> None:
    line = json.dumps(GOOD).encode()
    line = line[:place] + more + line[place:]
    assert outcome(decode, line) == outcome(by_the_book, line)


@pytest.mark.parametrize(
    "line",
    [
        b'{"dataset":"d","host":"h","seen_at":"2026-11-23T08:00:00Z","raw":"a","raw":"b"}',
        b'{"dataset":"d","host":"h","seen_at":"2026-11-23T08:00:00Z","raw":"\\udc80"}',
        b'{"dataset":"d","host":"h","seen_at":"2026-11-23T08:00:00Z","raw":"a","hints":{"n":1e999}}',
        b'{"dataset":"d","host":"h","seen_at":"2026-11-23T08:00:00Z","raw":"a","hints":{"n":NaN}}',
        b'{"dataset":"d","host":"h","seen_at":"2026-11-23T08:00:00Z","raw":"a"} ',
        b"[" * 100_000,
        b'{"a":' * 100_000,
        b" " * 8_000_001,
        json.dumps(GOOD).encode("utf-16"),
    ],
)  # fmt: skip
def test_both_decoders_agree_on_what_is_odd(line: bytes) -> None:
    assert outcome(decode, line) == outcome(by_the_book, line)


def test_an_ordinary_event_is_read() -> None:
    event = Event(
        collector="c", epoch="e", sequence=7, dataset="linux.auth", host="máy",
        seen_at=datetime(2026, 11, 23, tzinfo=UTC), raw="Đăng nhập", hints={"log.offset": 3}, key="k",
    )  # fmt: skip
    assert decode(encode(event), collector="c", epoch="e", sequence=7) == event
