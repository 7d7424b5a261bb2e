"""Bars of a time histogram: round widths, and none left out between the first and the last."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta

from sentinel.model.moment import from_text, to_text
from sentinel.model.search import Bucket

MAX_BUCKETS = 1000
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400
WIDTHS = (
    *(1, 2, 5, 10, 15, 30),
    *(count * _MINUTE for count in (1, 2, 5, 10, 15, 30)),
    *(count * _HOUR for count in (1, 2, 3, 6, 12)),
    *(count * _DAY for count in (1, 2, 5, 10, 30, 90, 365)),
)
"""In seconds."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def width_seconds(start: str | None, end: str | None, span: tuple[int, int], wanted: int) -> int:
    """Return the smallest round width with which at most `wanted` bars cover the time.

    `span` is the first and last moment found, in microseconds, for the ends that were not asked for.
    """
    first = span[0] if start is None else microseconds(start)
    last = span[1] + 1 if end is None else microseconds(end)
    seconds = max(1, (last - first) // 1_000_000)
    # One bar is kept for ends that do not fall on a round time.
    bars = max(1, min(wanted, MAX_BUCKETS) - 1)
    for width in WIDTHS:
        if seconds <= width * bars:
            return width
    return WIDTHS[-1] * -(-seconds // (WIDTHS[-1] * bars))


def fill(counts: Mapping[int, int], width: int, start: str | None, end: str | None) -> tuple[Bucket, ...]:
    """Return the bars from `start` to `end`, or over the counts; `counts` by time divided by `width` microseconds."""
    first = min(counts) if start is None else min(*counts, microseconds(start) // width)
    last = max(counts) if end is None else max(*counts, (microseconds(end) - 1) // width)
    return tuple(
        Bucket(text(bar * width), text((bar + 1) * width), counts.get(bar, 0)) for bar in range(first, last + 1)
    )


def microseconds(text: str) -> int:
    """Return a time as microseconds since 1970."""
    return (from_text(text) - _EPOCH) // timedelta(microseconds=1)


def text(microseconds: int) -> str:
    """Return microseconds since 1970 as a time, the nearest there is for those beyond the calendar."""
    try:
        return to_text(_EPOCH + timedelta(microseconds=microseconds))
    except OverflowError:
        return to_text(datetime.max.replace(tzinfo=UTC) if microseconds > 0 else datetime.min.replace(tzinfo=UTC))
