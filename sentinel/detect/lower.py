"""pySigma's parse of a detection becomes our tree."""

from collections.abc import Callable
from typing import Any

from sigma.conditions import ConditionAND
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaDetections
from sigma.types import (
    CompareOperators,
    Placeholder,
    SigmaBool,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaRegularExpressionFlag,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
    SpecialChars,
)

from sentinel.detect.condition import parse_condition
from sentinel.detect.facts import composed, text_of
from sentinel.detect.modifiers import placeholder_in, unresolved
from sentinel.detect.tree import Item, Node, all_of, one_of
from sentinel.detect.values import (
    Boolean,
    Comparison,
    Exists,
    Expression,
    Network,
    Null,
    Number,
    Piece,
    Reference,
    Text,
    TimePart,
    Value,
)
from sentinel.errors import InputError

_FLAGS = {
    SigmaRegularExpressionFlag.IGNORECASE: "i",
    SigmaRegularExpressionFlag.MULTILINE: "m",
    SigmaRegularExpressionFlag.DOTALL: "s",
}
_OPERATORS = {
    CompareOperators.LT: "lt",
    CompareOperators.LTE: "lte",
    CompareOperators.GT: "gt",
    CompareOperators.GTE: "gte",
    CompareOperators.NEQ: "neq",
}


def lower(detections: SigmaDetections) -> Node:
    """Return the tree of a detection; several conditions mean that any of them suffices.

    Raises InputError, or an error of pySigma, saying what is wrong with the condition.
    """
    named = {name: _detection(detection) for name, detection in detections.detections.items()}
    nodes = tuple(parse_condition(condition.condition, named) for condition in detections.parsed_condition)
    return nodes[0] if len(nodes) == 1 else one_of(nodes)


def _detection(detection: SigmaDetection) -> Node:
    parts = tuple(
        _item(part) if isinstance(part, SigmaDetectionItem) else _detection(part) for part in detection.detection_items
    )
    if len(parts) == 1:
        return parts[0]
    return all_of(parts) if detection.item_linking is ConditionAND else one_of(parts)


def _item(item: SigmaDetectionItem) -> Item:
    if item.field is not None and not item.field.strip():
        raise InputError("a field name is blank")
    written = item.value if item.value else [SigmaNull()]
    values = tuple(tuple(lower_value(value)) for value in written)
    return Item(item.field, values, needs_all=item.value_linking is ConditionAND, is_negated=item.negated)


def lower_value(value: SigmaType) -> list[Value]:
    """Return a value in our form: one, or those an expansion stands for; raise InputError where there is none."""
    if isinstance(value, SigmaExpansion):
        return [each for part in value.values for each in lower_value(part)]
    change = next((_VALUES[kind] for kind in type(value).__mro__ if kind in _VALUES), None)
    if change is None:
        raise InputError(f"values of kind {type(value).__name__} cannot be tested on a record")
    return [change(value)]


def _text(value: SigmaString) -> Text:
    pieces: list[Piece] = []
    piece: list[str | None] = []
    for part in value.s:
        if isinstance(part, Placeholder):
            raise unresolved(part.name)
        if part is SpecialChars.WILDCARD_MULTI:
            pieces.append(tuple(piece))
            piece = []
        else:
            piece.append(None if part is SpecialChars.WILDCARD_SINGLE else composed(str(part)))
    return Text((*pieces, tuple(piece)), isinstance(value, SigmaCasedString))


def _expression(value: SigmaRegularExpression) -> Expression:
    if (name := placeholder_in(value.regexp)) is not None:
        raise unresolved(name)
    return Expression(composed(str(value.regexp)), "".join(sorted(_FLAGS[flag] for flag in value.flags)))


def _comparison(value: SigmaCompareExpression) -> Comparison:
    number = value.number
    part = number.timestamp_part.name.lower() if isinstance(number, SigmaTimestampPart) else ""
    return Comparison(_OPERATORS[value.op], float(number.number), part)


_VALUES: dict[type[SigmaType], Callable[[Any], Value]] = {
    SigmaString: _text,
    SigmaCasedString: _text,
    SigmaRegularExpression: _expression,
    SigmaCIDRExpression: lambda value: Network(str(value.network)),
    SigmaNumber: lambda value: Number(text_of(value.number)),
    SigmaBool: lambda value: Boolean(value.boolean),
    SigmaCompareExpression: _comparison,
    SigmaTimestampPart: lambda value: TimePart(value.timestamp_part.name.lower(), int(value.number)),
    SigmaNull: lambda _: Null(),
    SigmaExists: lambda value: Exists(value.exists),
    SigmaFieldReference: lambda value: Reference(value.field, value.starts_with, value.ends_with),
}
"""pySigma's kind of value -> ours."""
