"""Lines that lie in a journal are the entries they would be if all were read at once."""

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.event import encode
from sentinel.journal import Entry
from sentinel.journal.lines import Lines, Run
from sentinel.journal.packing import Head, entry_of
from tests.crew.test_crew import entry

HEAD = Head("c1", "city", "aaaaaaaa", 1, "2026-11-23T08:00:00.000000Z")


def lines_of(sizes: Sequence[int]) -> tuple[Lines, list[Entry]]:
    """Return runs of so many lines, and what they are as entries."""
    runs: list[Run] = []
    found: list[Entry] = []
    for size in sizes:
        # A gap before each, as a Kafka journal has them, and a batch that is not read from its beginning.
        place = len(found) + 1_000 * len(runs)
        written = [encode(entry(number).event) for number in range(size)]
        runs.append(Run(HEAD, place, 3, written))
        found += [entry_of(HEAD, place + number, 3 + number, line) for number, line in enumerate(written)]
    return Lines(runs), found


@given(st.lists(st.integers(0, 4), max_size=5), st.integers(-25, 25), st.integers(-25, 25))
def test_every_part_is_what_a_list_gives(sizes: list[int], begin: int, end: int) -> None:
    lines, expected = lines_of(sizes)
    assert (list(lines), len(lines)) == (expected, len(expected))
    assert list(lines[begin:end]) == expected[begin:end]
    if -len(expected) <= begin < len(expected):
        assert lines[begin] == expected[begin]
    else:
        with pytest.raises(IndexError):
            lines[begin]


def test_lines_that_are_no_events_say_so() -> None:
    broken, lost = Lines([Run(HEAD, 0, 0, [b"{"]), Run(HEAD, 1, 1, [b""], "damaged on disk")])
    assert broken.fault
    assert lost.fault == "damaged on disk"
