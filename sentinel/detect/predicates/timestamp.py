"""Modifiers `minute`, `hour`, `day`, `week`, `month` and `year`: a part of a time equals a number."""

from sentinel.detect.check import Check, Reads
from sentinel.detect.time_parts import part_of
from sentinel.detect.values import TimePart


def part(value: TimePart, *, is_keyword: bool) -> Check:  # noqa: ARG001 - a whole text either way
    """Return the check of a value with one of the time modifiers."""
    return Check(Reads.SCALAR, lambda found: part_of(found, value.part) == value.number)
