"""pySigma's parse of a detection becomes our tree."""

import re
from collections.abc import Mapping

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
from sigma.types import SigmaNull

from sentinel.detect.tree import Group, Item, Negation, Node, Selection
from sentinel.errors import InputError

MAX_CONDITION_CHARACTERS = 8_000
_SPOKEN = re.compile(r"\b(?:AND|OR|NOT|OF|ALL|ANY|THEM)\b")


def lower(detections: SigmaDetections) -> Node:
    """Return the tree of a detection; several conditions mean that any of them suffices.

    Raises InputError, or an error of pySigma, saying what is wrong with the condition.
    """
    named = {name: _detection(detection) for name, detection in detections.detections.items()}
    nodes = [_condition(condition, detections, named) for condition in detections.parsed_condition]
    return nodes[0] if len(nodes) == 1 else Group(tuple(nodes), needs_all=False)


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
            return Group(selected, needs_all=item.cond_class is ConditionAND)
        case ConditionNOT():
            return Negation(_parsed(item.args[0], detections, named))
        case ConditionAND() | ConditionOR():
            parts = tuple(_parsed(part, detections, named) for part in item.args)
            return Group(parts, needs_all=isinstance(item, ConditionAND))
        case ConditionItem():
            raise InputError(f"condition holds {type(item).__name__}, which is not supported")
    raise InputError("condition is empty")


def _detection(detection: SigmaDetection) -> Node:
    parts = tuple(
        _item(part) if isinstance(part, SigmaDetectionItem) else _detection(part) for part in detection.detection_items
    )
    if len(parts) == 1:
        return parts[0]
    return Group(parts, needs_all=detection.item_linking is ConditionAND)


def _item(item: SigmaDetectionItem) -> Item:
    if item.field is not None and not item.field.strip():
        raise InputError("a field name is blank")
    values = tuple(item.value) or (SigmaNull(),)
    return Item(item.field, values, needs_all=item.value_linking is ConditionAND, is_negated=item.negated)
