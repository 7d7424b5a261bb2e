"""A time histogram as plain rectangles, drawn without a script."""

from collections.abc import Sequence
from dataclasses import dataclass

from sentinel.model.search import Bucket

HEIGHT = 100


@dataclass(frozen=True, slots=True)
class Bar:
    """One rectangle, in a field as wide as there are bars and 100 high."""

    x: float
    y: float
    width: float
    height: float
    bucket: Bucket


def bars(buckets: Sequence[Bucket]) -> tuple[Bar, ...]:
    """Return a bar for each bucket; one that is not empty is at least two high, so that it can be seen."""
    highest = max((bucket.count for bucket in buckets), default=0)
    drawn = []
    for index, bucket in enumerate(buckets):
        height = max(round(HEIGHT * bucket.count / highest, 1), 2.0) if bucket.count else 0.0
        drawn.append(Bar(x=index + 0.08, y=HEIGHT - height, width=0.84, height=height, bucket=bucket))
    return tuple(drawn)
