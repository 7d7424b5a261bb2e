"""One value that a rule asks of a field becomes a query of the store, which finds at least what the engine finds.

pySigma's Elasticsearch backend writes the values; what the query means is decided here: where a query could miss what
the engine would find, there is none.
"""

from collections.abc import Sequence
from functools import cache
from itertools import chain

from sigma.backends.elasticsearch.elasticsearch_lucene import LuceneBackend
from sigma.conditions import ConditionFieldEqualsValueExpression
from sigma.conversion.state import ConversionState
from sigma.types import (
    Placeholder,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaNumber,
    SigmaString,
    SigmaType,
    SpecialChars,
)

from sentinel.detect.values import Boolean, Comparison, Exists, Network, Number, Text, Value
from sentinel.errors import InputError
from sentinel.model.ecs import type_of
from sentinel.store.query import parse
from sentinel.store.words import words

_PROSE = frozenset({"event.original"})
_OPERATORS = {
    "lt": SigmaCompareExpression.CompareOperators.LT,
    "lte": SigmaCompareExpression.CompareOperators.LTE,
    "gt": SigmaCompareExpression.CompareOperators.GT,
    "gte": SigmaCompareExpression.CompareOperators.GTE,
}


def query_for(field: str, value: Value) -> str | None:
    """Return a Lucene query that finds every record whose `field` has `value`; None where none is sure to."""
    kind = type_of(field)
    if kind == "date":
        return None
    if kind == "text" or field in _PROSE:
        return _prose(field, value) if isinstance(value, Text) else None
    match value:
        case Text():
            return _written(field, [_string(value)])
        case Number(text):
            # A record may hold it as a number or as a text.
            found = _written(field, [SigmaString(text)])
            return found and f"({found} OR {field}:[{text} TO {text}])" if _is_plain(text) else None
        case Boolean(is_true):
            return _written(field, [SigmaString("true" if is_true else "false")])
        case Comparison(operator, limit, "") if operator in _OPERATORS:
            return _written(field, [SigmaCompareExpression(SigmaNumber(limit), _OPERATORS[operator])])
        case Exists(True):
            return _written(field, [SigmaExists(True)])
        case Network(cidr) if kind == "ip":
            return _written(field, [SigmaCIDRExpression(cidr)])
    return None


def _prose(field: str, value: Text) -> str | None:
    """Return the query for a text that is searched by its words: each stretch of the value by itself."""
    stretches = [_ascii(piece) for piece in value.pieces]
    parts = [part for part in chain.from_iterable(stretches) if words(part)]
    anywhere = [SigmaString("") for _ in parts]
    for text, part in zip(anywhere, parts, strict=True):
        text.s = [SpecialChars.WILDCARD_MULTI, part, SpecialChars.WILDCARD_MULTI]
    return _written(field, anywhere) if parts else None


def _string(value: Text) -> SigmaString:
    """Return the text with `*` for whatever stores and engine may see differently: `?`, letters beyond ASCII."""
    found = SigmaString("")
    parts: list[str | SpecialChars | Placeholder] = []
    found.s = parts
    for index, piece in enumerate(value.pieces):
        if index:
            parts.append(SpecialChars.WILDCARD_MULTI)
        for number, stretch in enumerate(_ascii(piece)):
            if number:
                parts.append(SpecialChars.WILDCARD_MULTI)
            if stretch:
                parts.append(stretch)
    return found


def _ascii(piece: Sequence[str | None]) -> list[str]:
    """Return the stretches of a piece between its question marks and its letters beyond ASCII."""
    whole = "".join("\0" if part is None else part for part in piece)
    return "".join(letter if letter.isascii() else "\0" for letter in whole).split("\0")


def _is_plain(text: str) -> bool:
    return text.removeprefix("-").replace(".", "", 1).isdecimal() and text.isascii()


@cache
def _backend() -> LuceneBackend:
    return LuceneBackend()


def _written(field: str, values: Sequence[SigmaType]) -> str | None:
    """Return what the backend writes for all the values; None where the store does not read it."""
    backend, found = _backend(), []
    for value in values:
        condition = ConditionFieldEqualsValueExpression(field, value)
        text = backend.convert_condition_field_eq_val(condition, ConversionState())
        if not isinstance(text, str):
            return None
        try:
            parse(text)
        except InputError:
            return None
        found.append(text)
    return " AND ".join(found) if len(found) == 1 else f"({' AND '.join(found)})"
