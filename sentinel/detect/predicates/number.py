"""Numbers and booleans: equal by their canonical text, compared by their value."""

import operator
import re
from collections.abc import Callable
from functools import partial

from sigma.types import CompareOperators, SigmaBool, SigmaCompareExpression, SigmaNumber, SigmaTimestampPart

from sentinel.detect.facts import Facts
from sentinel.detect.place import Place, Test, any_text
from sentinel.detect.time_parts import part_of
from sentinel.model.record import Scalar

_NUMBER = re.compile(r"[+-]?(?:\d{1,40}(?:\.\d{0,40})?|\.\d{1,40})(?:[eE][+-]?\d{1,3})?", re.ASCII)
_HEXADECIMAL = re.compile(r"0[xX][0-9a-fA-F]{1,16}", re.ASCII)
_OPERATORS: dict[CompareOperators, Callable[[float, float], bool]] = {
    CompareOperators.LT: operator.lt,
    CompareOperators.LTE: operator.le,
    CompareOperators.GT: operator.gt,
    CompareOperators.GTE: operator.ge,
    CompareOperators.NEQ: operator.ne,
}


def number(value: SigmaNumber, place: Place) -> Test:
    """Return the test of a number: `4688` is equal to 4688, 4688.0 and `"4688"`."""
    wanted = str(value.number)
    if place.is_keyword:
        return any_text(place.folded(), lambda text: wanted in text)
    return any_text(place.folded(), wanted.__eq__)


def boolean(value: SigmaBool, place: Place) -> Test:
    """Return the test of a boolean: true is equal to True and to `"true"` in any case."""
    wanted = "true" if value.boolean else "false"
    return any_text(place.folded(), wanted.__eq__)


def comparison(value: SigmaCompareExpression, place: Place) -> Test:
    """Return the test of `lt`, `lte`, `gt`, `gte`; what is no number compares false."""
    compare, limit = _OPERATORS[value.op], value.number.number
    read = place.values()
    convert: Callable[[Scalar], float | None] = as_number
    if isinstance(value.number, SigmaTimestampPart):
        convert = partial(part_of, unit=value.number.timestamp_part)

    def test(facts: Facts) -> bool:
        return any((known := convert(found)) is not None and compare(known, limit) for found in read(facts))

    return test


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
