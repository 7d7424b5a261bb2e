"""pySigma's parse of a detection becomes our tree."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sigma.conditions import (
    ConditionAND,
    ConditionIdentifier,
    ConditionItem,
    ConditionNOT,
    ConditionOR,
    ConditionSelector,
    SigmaCondition,
)
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

from sentinel.detect.tree import Item, Negation, Node, Selection, all_of, one_of
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

MAX_CONDITION_CHARACTERS = 8_000
_SPOKEN = re.compile(r"\b(?:AND|OR|NOT|OF|ALL|ANY|THEM)\b")
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
    nodes = [_condition(condition, detections, named) for condition in detections.parsed_condition]
    return nodes[0] if len(nodes) == 1 else one_of(tuple(nodes))


def _condition(condition: SigmaCondition, detections: SigmaDetections, named: Mapping[str, Node]) -> Node:
    text = condition.condition
    if not isinstance(text, str):
        raise InputError(f"condition must be text, got {type(text).__name__}")
    if len(text) > MAX_CONDITION_CHARACTERS:
        raise InputError(f"condition of {len(text)} characters; {MAX_CONDITION_CHARACTERS} are allowed")
    # The specification's own examples write operators in capitals; pySigma reads small ones only.
    condition.condition = _SPOKEN.sub(lambda word: word[0] if word[0] in named else word[0].lower(), text)
    return _parsed(condition.parse(postprocess=False), detections, named)


def _parsed(item: object, detections: SigmaDetections, named: Mapping[str, Node]) -> Node:
    match item:
        case ConditionIdentifier():
            if item.identifier not in named:
                raise InputError(f"condition names '{item.identifier}', but detection has no such selection")
            return Selection(item.identifier, named[item.identifier])
        case ConditionSelector():
            chosen = item.resolve_referenced_detections(detections)
            if not chosen:
                raise InputError(f"'{item.args[0]} of {item.pattern}' fits none of the selections")
            selected = tuple(Selection(each.identifier, named[each.identifier]) for each in chosen)
            return all_of(selected) if item.cond_class is ConditionAND else one_of(selected)
        case ConditionNOT():
            return Negation(_parsed(item.args[0], detections, named))
        case ConditionAND() | ConditionOR():
            parts = tuple(_parsed(part, detections, named) for part in item.args)
            return all_of(parts) if isinstance(item, ConditionAND) else one_of(parts)
        case ConditionItem():
            raise InputError(f"condition holds {type(item).__name__}, which is not supported")
    raise InputError("condition is empty")


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
    change = _VALUES.get(type(value))
    if change is None:
        raise InputError(f"values of kind {type(value).__name__} cannot be tested on a record")
    return [change(value)]


def _text(value: SigmaString) -> Text:
    pieces: list[Piece] = []
    piece: list[str | None] = []
    for part in value.s:
        if isinstance(part, Placeholder):
            raise InputError(f"placeholder %{part.name}% has no value; replace it in the rule")
        if part is SpecialChars.WILDCARD_MULTI:
            pieces.append(tuple(piece))
            piece = []
        else:
            piece.append(None if part is SpecialChars.WILDCARD_SINGLE else str(part))
    return Text((*pieces, tuple(piece)), isinstance(value, SigmaCasedString))


def _expression(value: SigmaRegularExpression) -> Expression:
    if value.contains_placeholder():
        raise InputError(f"regular expression '{value.regexp}' holds a placeholder; replace it in the rule")
    return Expression(str(value.regexp), "".join(sorted(_FLAGS[flag] for flag in value.flags)))


def _comparison(value: SigmaCompareExpression) -> Comparison:
    number = value.number
    part = number.timestamp_part.name.lower() if isinstance(number, SigmaTimestampPart) else ""
    return Comparison(_OPERATORS[value.op], float(number.number), part)


_VALUES: dict[type[SigmaType], Callable[[Any], Value]] = {
    SigmaString: _text,
    SigmaCasedString: _text,
    SigmaRegularExpression: _expression,
    SigmaCIDRExpression: lambda value: Network(str(value.network)),
    SigmaNumber: lambda value: Number(str(value.number)),
    SigmaBool: lambda value: Boolean(value.boolean),
    SigmaCompareExpression: _comparison,
    SigmaTimestampPart: lambda value: TimePart(value.timestamp_part.name.lower(), int(value.number)),
    SigmaNull: lambda _: Null(),
    SigmaExists: lambda value: Exists(value.exists),
    SigmaFieldReference: lambda value: Reference(value.field, value.starts_with, value.ends_with),
}
"""pySigma's kind of value -> ours."""
