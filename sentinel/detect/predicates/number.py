"""Numbers and booleans: equal by their canonical text, compared by their value."""

import operator
import re
from collections.abc import Callable
from functools import partial

from sentinel.detect.check import Check, Reads
from sentinel.detect.time_parts import part_of
from sentinel.detect.values import Boolean, Comparison, Number
from sentinel.model.record import Scalar

_NUMBER = re.compile(r"[+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,3})?", re.ASCII)
_HEXADECIMAL = re.compile(r"0[xX][0-9a-fA-F]{1,16}", re.ASCII)
_OPERATORS: dict[str, Callable[[float, float], bool]] = {
    "lt": operator.lt,
    "lte": operator.le,
    "gt": operator.gt,
    "gte": operator.ge,
    "neq": operator.ne,
}


def number(value: Number, *, is_keyword: bool) -> Check:
    """Return the check of a number: `4688` is equal to 4688, 4688.0 and `"4688"`."""
    wanted = value.text
    return Check(Reads.FOLDED, (lambda text: wanted in text) if is_keyword else wanted.__eq__)


def boolean(value: Boolean, *, is_keyword: bool) -> Check:  # noqa: ARG001 - a whole text either way
    """Return the check of a boolean: true is equal to True and to `"true"` in any case."""
    return Check(Reads.FOLDED, ("true" if value.is_true else "false").__eq__)


def comparison(value: Comparison, *, is_keyword: bool) -> Check:  # noqa: ARG001 - a whole text either way
    """Return the check of `lt`, `lte`, `gt`, `gte`; what is no number compares false."""
    compare, limit = _OPERATORS[value.operator], value.limit
    convert: Callable[[Scalar], float | None] = partial(part_of, unit=value.part) if value.part else as_number

    def holds(found: Scalar) -> bool:
        known = convert(found)
        return known is not None and compare(known, limit)

    return Check(Reads.SCALAR, holds)


def as_number(value: Scalar) -> float | None:
    """Return the number in `value`, or None where it is none; NaN is none."""
    if isinstance(value, bool):
        return None
    if isinstance(value, int | float):
        return value if value == value else None
    text = value.strip()[:100]
    if _NUMBER.fullmatch(text):
        return float(text)
    return float(int(text, 16)) if _HEXADECIMAL.fullmatch(text) else None
