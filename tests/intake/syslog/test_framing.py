"""Messages come out of a stream as they went in, whichever framing, however the bytes are split."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.intake.syslog import framing
from sentinel.intake.syslog.framing import Frame, Framing

LIMIT = 64


def read(pieces: list[bytes], *, is_ended: bool = True) -> tuple[list[Frame], str]:
    stream = Framing(LIMIT)
    found = [frame for piece in pieces for frame in stream.feed(piece)]
    if is_ended:
        found += stream.finish()
    return found, stream.fault


def texts(stream: bytes) -> list[bytes]:
    found, fault = read([stream])
    assert not fault
    return [frame.data for frame in found]


def counted(message: bytes) -> bytes:
    return b"%d %s" % (len(message), message)


def test_lines_end_with_a_line_break_a_nul_or_both() -> None:
    assert texts(b"<13>one\n<13>two\r\n<13>three\0<13>four\0\n\n<13>five\n") == [
        b"<13>one",
        b"<13>two",
        b"<13>three",
        b"<13>four",
        b"<13>five",
    ]


def test_a_counted_message_may_hold_line_breaks() -> None:
    assert texts(counted(b"<13>one\ntwo\0three") + counted(b"<13>four")) == [b"<13>one\ntwo\0three", b"<13>four"]


def test_trailers_within_and_behind_a_count_are_no_content() -> None:
    assert texts(counted(b"<13>one\n") + b"\r\n" + counted(b"<13>two\0") + b"\n") == [b"<13>one", b"<13>two"]


def test_both_framings_may_follow_each_other() -> None:
    assert texts(b"<13>one\n" + counted(b"<13>two") + b"<13>three\n" + counted(b"<13>four")) == [
        b"<13>one",
        b"<13>two",
        b"<13>three",
        b"<13>four",
    ]


@pytest.mark.parametrize("line", [b"2026-11-28T08:00:00Z host su: x", b"12 monkeys", b"0 <13>x", b"12345678901 <13>"])
def test_a_line_that_begins_with_digits_is_no_count(line: bytes) -> None:
    assert texts(line + b"\n") == [line]


@pytest.mark.parametrize("begin", [b"", b"5000 "])
def test_of_a_message_beyond_the_limit_the_begin_is_kept_and_marked(begin: bytes) -> None:
    long = b"<13>" + b"x" * 4996
    found, fault = read([begin + long + b"\n<13>next\n"])
    assert found == [Frame(long[:LIMIT], is_cut=True), Frame(b"<13>next")]
    assert not fault


def test_a_message_as_long_as_the_limit_is_whole() -> None:
    message = b"<13>" + b"x" * (LIMIT - 4)
    assert read([message + b"\n" + counted(message)]) == ([Frame(message), Frame(message)], "")


def test_a_hundred_megabytes_without_a_line_break_hold_no_memory() -> None:
    stream = Framing(LIMIT)
    piece = b"x" * 1_000_000
    found = [frame for _ in range(100) for frame in stream.feed(piece)]
    assert found == [Frame(b"x" * LIMIT, is_cut=True)]
    assert stream.is_midway
    assert len(stream._buffer) == 0
    assert stream.feed(b"\n<13>next\n") == [Frame(b"<13>next")]
    assert not stream.is_midway


def test_empty_lines_cost_as_good_as_nothing() -> None:
    stream = Framing(LIMIT)
    steps = 0

    def step(at: int, frames: list[Frame]) -> int:
        nonlocal steps
        steps += 1
        return Framing._step(stream, at, frames)

    stream._step = step  # type: ignore[method-assign]
    assert stream.feed(b"\0" * 10_000 + b"\r\n" * 10_000 + b"\n" * 10_000) == []
    assert steps <= 3


def test_a_line_without_end_is_broken_framing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(framing, "MAX_SKIPPED_BYTES", 1000)
    found, fault = read([b"<13>whole\n", b"x" * 600, b"x" * 600, b"\n<13>lost\n"])
    assert found == [Frame(b"<13>whole"), Frame(b"x" * LIMIT, is_cut=True)]
    assert "does not end" in fault


def test_an_absurd_count_is_refused_before_anything_is_kept() -> None:
    assert read([b"<13>whole\n9999999999 <13>x"]) == (
        [Frame(b"<13>whole")],
        "a message of 9999999999 bytes is announced",
    )


def test_a_count_too_small_shows_behind_its_message() -> None:
    found, fault = read([counted(b"<13>whole") + b"5 <13>hello\n" + counted(b"<13>lost")])
    assert found == [Frame(b"<13>whole"), Frame(b"<13>h")]
    assert "a count was wrong" in fault


def test_a_counted_message_that_is_not_whole_is_none() -> None:
    assert read([b"9 <13>whole30 <13>half"]) == ([Frame(b"<13>whole")], "the stream ended within a counted message")
    assert read([b"9 <13>whole3"]) == ([Frame(b"<13>whole")], "the stream ended within a counted message")


def test_a_last_line_without_trailer_is_kept_and_marked() -> None:
    assert read([b"<13>one\n<13>two"]) == ([Frame(b"<13>one"), Frame(b"<13>two", is_cut=True)], "")
    assert read([b"<13>one\n<13>two"], is_ended=False) == ([Frame(b"<13>one")], "")


MESSAGES = st.binary(max_size=90).map(lambda body: b"<13>" + body)
FRAMES = st.one_of(
    MESSAGES.map(counted),
    MESSAGES.map(lambda message: message + b"\n"),
    st.binary(max_size=20),
    st.text("0123456789 <>\r\n\0x", max_size=12).map(str.encode),
)
STREAMS = st.lists(FRAMES, max_size=8).map(b"".join)


@given(STREAMS, st.lists(st.integers(0, 700), max_size=12))
def test_any_split_gives_the_same_messages(stream: bytes, cuts: list[int]) -> None:
    places = sorted({min(cut, len(stream)) for cut in cuts} | {0, len(stream)})
    pieces = [stream[a:b] for a, b in pairwise(places)]
    whole = read([stream])
    assert read(pieces) == whole
    assert read([bytes([byte]) for byte in stream]) == whole


@given(st.lists(st.binary(max_size=300), max_size=10))
def test_nothing_breaks_it_and_nothing_is_invented(pieces: list[bytes]) -> None:
    found, _ = read(pieces)
    stream = b"".join(pieces)
    at = 0
    for frame in found:
        assert 0 < len(frame.data) <= LIMIT
        at = stream.index(frame.data, at) + len(frame.data)


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=LIMIT - 4)), max_size=10))
def test_what_is_framed_well_comes_out_unchanged(messages: list[tuple[bool, bytes]]) -> None:
    wanted, stream = [], b""
    for is_counted, body in messages:
        message = framing.untrailed(b"<13>" + (body if is_counted else body.translate(None, b"\r\n\0")))
        stream += counted(message) if is_counted else message + b"\n"
        wanted.append(message)
    assert texts(stream) == wanted
