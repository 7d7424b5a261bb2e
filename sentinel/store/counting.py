"""Counts hits by time in one pass, finely enough for the total, the histogram, and where a page must look."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sentinel.model.search import Bucket, Search
from sentinel.store.buckets import WIDTHS, fill, microseconds, width_seconds

FINE_BARS = 2_000
"""About so many fine bars cover the time of the files."""
MICRO = 1_000_000


@dataclass(frozen=True, slots=True)
class Bars:
    """Hits by time: how many in each bar of `width` microseconds that has any, numbered from the epoch."""

    width: int
    counts: dict[int, int]
    first: int = 0
    """Time of the first hit in microseconds."""
    last: int = 0

    @property
    def total(self) -> int:
        """Return how many hits there are."""
        return sum(self.counts.values())


def fine_width(search: Search, span: tuple[str, str]) -> int:
    """Return the width of fine bars in microseconds for files whose records lie in `span`."""
    start, end = max(span[0], search.start or ""), min(span[1], search.end or span[1])
    seconds = max(0, microseconds(end) - microseconds(start)) / MICRO
    width = max((width for width in WIDTHS if width <= seconds / FINE_BARS), default=WIDTHS[0])
    if search.histogram_buckets > 0 and search.start is not None and search.end is not None:
        wanted = width_seconds(search.start, search.end, (0, 0), search.histogram_buckets)
        width = max(each for each in WIDTHS if each <= width and wanted % each == 0)
    return width * MICRO


def read(rows: Sequence[tuple[Any, ...]], width: int) -> Bars:
    """Return the bars in rows of bar, count, first and last time."""
    if not rows:
        return Bars(width, {})
    counts = {int(row[0]): int(row[1]) for row in rows}
    return Bars(width, counts, min(int(row[2]) for row in rows), max(int(row[3]) for row in rows))


def histogram_width(bars: Bars, search: Search) -> int:
    """Return how wide the bars of the histogram are, in microseconds."""
    return width_seconds(search.start, search.end, (bars.first, bars.last), search.histogram_buckets) * MICRO


def histogram(bars: Bars, width: int, search: Search) -> tuple[Bucket, ...]:
    """Return the histogram; `width` is a multiple of that of the fine bars."""
    coarse: Counter[int] = Counter()
    for bar, count in bars.counts.items():
        coarse[bar * bars.width // width] += count
    return fill(coarse, width, search.start, search.end)


def reach(bars: Bars, wanted: int, *, newest_first: bool, after: int | None) -> tuple[int, int]:
    """Return the time in microseconds, from and before, that holds the next `wanted` hits, or all there are.

    `after` is the time of the last hit seen, if any.
    """
    first, last = min(bars.counts), max(bars.counts)
    if after is not None:
        first, last = (first, min(last, after // bars.width)) if newest_first else (after // bars.width, last)
    inside = sorted((bar for bar in bars.counts if first <= bar <= last), reverse=newest_first)
    seen = 0
    for bar in inside:
        # Hits in the bar of the last one seen may have been seen too.
        seen += 0 if after is not None and bar == after // bars.width else bars.counts[bar]
        if seen >= wanted:
            return (bar * bars.width, (last + 1) * bars.width) if newest_first else (
                first * bars.width, (bar + 1) * bars.width,
            )  # fmt: skip
    return first * bars.width, (last + 1) * bars.width


def slices(bars: Bars, size: int) -> list[tuple[int, int]]:
    """Return times in microseconds, from and before, that together hold all hits, each about `size` or one bar."""
    found: list[tuple[int, int]] = []
    seen = 0
    for bar in sorted(bars.counts):
        begin, end = bar * bars.width, (bar + 1) * bars.width
        if found and seen + bars.counts[bar] <= size:
            found[-1] = (found[-1][0], end)
            seen += bars.counts[bar]
        else:
            found.append((begin, end))
            seen = bars.counts[bar]
    return found
