"""Reads a query record by record, in plain Python: what every store must find, and nothing else."""

import re
from collections.abc import Sequence

from sentinel.model.ecs import type_of
from sentinel.model.record import Record, Scalar
from sentinel.store import regex
from sentinel.store.phrases import phrase
from sentinel.store.tree import (
    ANY,
    And,
    Between,
    Contains,
    Everything,
    Exists,
    Free,
    Leaf,
    Like,
    Node,
    Not,
    Or,
    Pattern,
    Regex,
    Within,
)
from sentinel.store.values import as_address, as_moment, as_number, as_text, scalars
from sentinel.store.words import FREE_TEXT, MAX_COMPARED_CHARACTERS, fold, is_prose, words


def holds(node: Node, record: Record) -> bool:
    """Return whether the record is one that the query describes."""
    match node:
        case Everything():
            return True
        case And(items):
            return all(holds(item, record) for item in items)
        case Or(items):
            return any(holds(item, record) for item in items)
        case Not(item):
            return not holds(item, record)
        case Free(pattern):
            wanted = phrase(pattern)
            return any(has_phrase(value, wanted) for name in FREE_TEXT for value in values(record, name))
    return _leaf_holds(node, record)


def values(record: Record, field: str) -> list[Scalar]:
    """Return the values of a field; `event.id` is the record's own id."""
    return [record.id] if field == "event.id" else scalars(record.fields, field)


def _leaf_holds(node: Leaf, record: Record) -> bool:
    match node:
        case Exists(field):
            return bool(values(record, field))
        case Contains(field, pattern):
            wanted = phrase(pattern)
            return any(has_phrase(value, wanted) for value in values(record, field))
        case Like(field, pattern):
            return any(_fits(_compared(value), pattern) for value in values(record, field))
        case Regex(field, expression):
            return any(_matches(value, expression, is_word=is_prose(field)) for value in values(record, field))
        case Between(field, low, high):
            return any(_is_between(node, value) for value in values(record, field))
        case Within(field, low, high):
            return any(_is_within(value, low, high) for value in values(record, field))
    raise AssertionError(node)


def _compared(value: Scalar) -> str:
    return fold(as_text(value)[:MAX_COMPARED_CHARACTERS])


def _fits(text: str, pattern: Pattern) -> bool:
    parts = [
        ((".*" if part == ANY else ".") if index % 2 else re.escape(fold(part)))
        for index, part in enumerate(pattern.parts)
    ]
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def has_phrase(value: Scalar, wanted: Sequence[Pattern]) -> bool:
    """Return whether the words of a value fit the wanted ones at one place."""
    found = words(as_text(value))
    return bool(wanted) and any(
        all(_fits(word, pattern) for word, pattern in zip(found[start:], wanted, strict=False))
        for start in range(len(found) - len(wanted) + 1)
    )


def _matches(value: Scalar, expression: regex.Expression, *, is_word: bool) -> bool:
    test = re.compile(regex.to_re2(expression))
    return any(test.fullmatch(text) for text in (words(as_text(value)) if is_word else [_compared(value)]))


def _is_between(node: Between, value: Scalar) -> bool:
    found: int | float | str | None
    if type_of(node.field) == "date":
        found = as_moment(value)
    elif isinstance(node.high if node.low is None else node.low, str):
        found = as_text(value)[:MAX_COMPARED_CHARACTERS]
    else:
        found = as_number(value)
    if found is None:
        return False
    is_above = node.low is None or found > node.low or (node.with_low and found == node.low)  # type: ignore[operator]
    is_below = node.high is None or found < node.high or (node.with_high and found == node.high)  # type: ignore[operator]
    return is_above and is_below


def _is_within(value: Scalar, low: str, high: str) -> bool:
    found, first, last = as_address(value), as_address(low), as_address(high)
    assert first is not None
    assert last is not None
    return found is not None and found.version == first.version and int(first) <= int(found) <= int(last)
