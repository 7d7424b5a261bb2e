"""What is read of a segment at once is bounded, however long its lines are."""

from pathlib import Path

from sentinel.store.columns import pack
from sentinel.store.segments import Segments
from tests.store.examples import record


def test_parts_written_apart_are_read_apart(tmp_path: Path) -> None:
    segments = Segments(tmp_path)
    segments.write(1, (pack([record(number), record(number + 1)]).table for number in range(0, 6, 2)))
    assert [part.num_rows for part in segments.read(1)] == [2, 2, 2]
