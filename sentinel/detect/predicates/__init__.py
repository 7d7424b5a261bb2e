"""What each kind of Sigma value asks of a value in a record: one function a kind, listed here."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from sentinel.detect.check import Check
from sentinel.detect.predicates import network, number, regex, strings, timestamp
from sentinel.detect.values import (
    Boolean,
    Comparison,
    Expression,
    Network,
    Number,
    Text,
    TimePart,
    Value,
)

PREDICATES: dict[type, Callable[..., Check]] = {
    Text: strings.text,
    Expression: regex.regular_expression,
    Network: network.cidr,
    Number: number.number,
    Boolean: number.boolean,
    Comparison: number.comparison,
    TimePart: timestamp.part,
}
"""Value kind -> builder of its check. `Null`, `Exists` and `Reference` ask about more than one value: see `presence`
and `fieldref`."""


@lru_cache(maxsize=65_536)
def check_of(value: Value, is_keyword: bool = False) -> Check:
    """Return the check of one value; raise InputError for one that cannot be checked, such as a wrong expression."""
    build: Callable[..., Any] = PREDICATES[type(value)]
    check: Check = build(value, is_keyword=is_keyword)
    return check
