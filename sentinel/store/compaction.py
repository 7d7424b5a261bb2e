"""Chooses which small segments are made into larger ones."""

from collections import defaultdict
from collections.abc import Sequence

from sentinel.store.manifest import Segment

FACTOR = 8
"""So many mixed segments of about the same size are merged, and parted by what is in them."""
PART_FACTOR = 16
"""So many of one part: a record is rewritten once per size step, so steps are wide."""
REST_FACTOR = 4
"""So many of a part whose day is over are merged whatever their sizes."""
SMALLEST_ROWS = 1_000
LARGEST_ROWS = 1_000_000
"""A merge stops below this, so a segment stays cheap to rewrite, check and lose."""


def choose(segments: Sequence[Segment]) -> list[Segment]:
    """Return the segments to merge next, all of one part, smallest first; empty where there is no need."""
    parts: dict[str, list[Segment]] = defaultdict(list)
    for segment in segments:
        parts[segment.part].append(segment)
    newest = max((segment.written_at[:10] for segment in segments), default="")
    for part, inside in parts.items():
        if chosen := _of_one_size(inside, PART_FACTOR if part else FACTOR):
            return chosen
        if part and day(part) < newest and (chosen := _left_over(inside)):
            return chosen
    return []


def day(part: str) -> str:
    """Return the day that the records of a part are of."""
    return part.rpartition("/")[2]


def _of_one_size(segments: Sequence[Segment], factor: int) -> list[Segment]:
    steps: dict[int, list[Segment]] = defaultdict(list)
    for segment in segments:
        steps[_step(segment.rows, factor)].append(segment)
    for step in sorted(steps):
        chosen = _up_to_largest(steps[step])
        if len(chosen) >= factor:
            return chosen
    return []


def _left_over(segments: Sequence[Segment]) -> list[Segment]:
    chosen = _up_to_largest(sorted(segments, key=lambda segment: segment.rows))
    return chosen if len(chosen) >= REST_FACTOR else []


def _up_to_largest(segments: Sequence[Segment]) -> list[Segment]:
    chosen: list[Segment] = []
    rows = 0
    for segment in segments:
        if rows + segment.rows <= LARGEST_ROWS:
            chosen.append(segment)
            rows += segment.rows
    return chosen


def _step(rows: int, factor: int) -> int:
    """Return 0 for fewer than 1,000 rows, 1 below `factor` times as many, and so on."""
    step = 0
    while rows >= SMALLEST_ROWS * factor**step:
        step += 1
    return step
