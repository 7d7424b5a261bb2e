"""A recording is moved by whole days and changed in nothing else."""

import struct
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from sentinel.cli.demo.replay import shift_capture, shift_line, times

HEADER = bytes.fromhex("d4c3b2a1020004000000000000000000000004000100000000"[:48])


def capture(*seconds: int) -> bytes:
    packets = (struct.pack("<IIII", second, 5, 3, 3) + b"abc" for second in seconds)
    return HEADER + b"".join(packets)


def test_every_notation_of_time_moves_and_the_rest_stays() -> None:
    line = b'2026-11-20T23:59:58.123456+07:00 x [20/Nov/2026:16:59:58 +0000] "t":"2026-11-20T16:59:58Z" 2026\n'
    assert shift_line(line, 3) == (
        b'2026-11-23T23:59:58.123456+07:00 x [23/Nov/2026:16:59:58 +0000] "t":"2026-11-23T16:59:58Z" 2026\n'
    )


@given(st.binary(max_size=200), st.integers(-1000, 1000))
def test_a_line_without_times_is_left_alone(line: bytes, days: int) -> None:
    if not list(times(line)):
        assert shift_line(line, days) == line


def test_packets_move_and_keep_their_bytes() -> None:
    start = int(datetime(2026, 11, 20, tzinfo=UTC).timestamp())
    assert shift_capture(capture(start, start + 9), 2) == capture(start + 172_800, start + 172_809)


def test_a_cut_capture_is_no_harm() -> None:
    whole = capture(1, 2)
    assert len(shift_capture(whole[:-2], 1)) == len(whole) - 2
