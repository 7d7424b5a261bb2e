"""Chooses which small segments are made into a larger one."""

from collections import defaultdict
from collections.abc import Sequence

from sentinel.store.manifest import Segment

FACTOR = 8
"""So many segments of about the same size become one; a record is rewritten once per size step."""
SMALLEST_ROWS = 1_000
LARGEST_ROWS = 1_000_000
"""A merge stops below this, so a segment stays cheap to rewrite, check and lose."""


def choose(segments: Sequence[Segment]) -> list[Segment]:
    """Return the segments to merge next, smallest first; empty where there is no need."""
    steps: dict[int, list[Segment]] = defaultdict(list)
    for segment in segments:
        steps[_step(segment.rows)].append(segment)
    for step in sorted(steps):
        chosen: list[Segment] = []
        for segment in steps[step]:
            if sum(each.rows for each in chosen) + segment.rows <= LARGEST_ROWS:
                chosen.append(segment)
        if len(chosen) >= FACTOR:
            return chosen
    return []


def _step(rows: int) -> int:
    """Return 0 for fewer than 1,000 rows, 1 below 8,000, 2 below 64,000 and so on."""
    step = 0
    while rows >= SMALLEST_ROWS * FACTOR**step:
        step += 1
    return step
