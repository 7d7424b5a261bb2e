"""Rules that pipelines have rewritten, brought back to what records and people know."""

import re

from msgspec.structs import replace
from sigma.processing.pipeline import ProcessingPipeline
from sigma.rule import SigmaDetection, SigmaDetectionItem, SigmaDetections, SigmaLogSource, SigmaRule

from sentinel.detect.tree import Group, Item, Negation, Node, Selection
from sentinel.detect.values import Reference, Value
from sentinel.errors import InputError

_MULTI_FIELD = re.compile(r"\.(?:caseless|keyword|text)$")
"""Elasticsearch keeps some fields in several forms; a record has the field itself."""
_RANDOM_NAME = re.compile(r"_cond_[a-z]{10}")
"""What pySigma calls a condition that a pipeline adds, differently each time."""


def rewritten(node: Node) -> Node:
    """Return the tree with plain field names and stable names of selections, without what a pipeline emptied.

    Raises InputError where nothing is left.
    """
    left = _walk(node)
    if left is None:
        raise InputError("the pipeline leaves nothing of the condition")
    return left


def _walk(node: Node) -> Node | None:
    match node:
        case Item():
            return replace(node, field=_plain(node.field), values=tuple(map(_values, node.values)))
        case Selection():
            part = _walk(node.part)
            name = "pipeline" if _RANDOM_NAME.fullmatch(node.name) else node.name
            return None if part is None else Selection(name, part)
        case Negation():
            part = _walk(node.part)
            return None if part is None else Negation(part)
        case Group():
            parts = tuple(part for each in node.parts if (part := _walk(each)) is not None)
            if not parts:
                return None
            return Group(parts, len(parts) if node.needs_all else min(node.at_least, len(parts)))


def _values(choice: tuple[Value, ...]) -> tuple[Value, ...]:
    return tuple(
        replace(value, field=_plain(value.field) or "") if isinstance(value, Reference) else value for value in choice
    )


def _plain(name: str | None) -> str | None:
    return None if name is None else _MULTI_FIELD.sub("", name)


def field_after(pipeline: ProcessingPipeline, log_source: SigmaLogSource, name: str) -> str:
    """Return what a pipeline calls a field in rules of a log source; the first name where it gives several."""
    probe = SigmaDetections.from_dict({"probe": {name: "x"}, "condition": "probe"})
    rule = SigmaRule(title="probe", logsource=log_source, detection=probe)
    pipeline.apply(rule)
    return _plain(_first_field(rule.detection.detections["probe"])) or name


def _first_field(detection: SigmaDetection) -> str | None:
    for item in detection.detection_items:
        field = item.field if isinstance(item, SigmaDetectionItem) else _first_field(item)
        if field is not None:
            return field
    return None
