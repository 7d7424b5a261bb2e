"""Rules judged the slow and obvious way: by walking the tree pySigma itself makes, value by value.

Nothing of Sentinel's conditions, modifiers, lowering or index is used; only the names that fields have in records.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from functools import cache
from ipaddress import ip_address
from pathlib import Path
from typing import Any

import yaml
from sigma.collection import SigmaCollection
from sigma.conditions import (
    ConditionAND,
    ConditionFieldEqualsValueExpression,
    ConditionNOT,
    ConditionOR,
    ConditionValueExpression,
)
from sigma.rule import SigmaRule
from sigma.types import (
    SigmaBool,
    SigmaCIDRExpression,
    SigmaExpansion,
    SigmaFieldReference,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SpecialChars,
)

Fields = Mapping[str, Any]
Resolve = Callable[[str], Sequence[str]]
_PARTS = {SpecialChars.WILDCARD_MULTI: ".*", SpecialChars.WILDCARD_SINGLE: "."}


def parse_folder(folder: Path) -> dict[str, list[Any]]:
    """Return pySigma's condition trees of every rule below a folder, by the rule's id."""
    trees: dict[str, list[Any]] = {}
    for path in sorted(folder.rglob("*.yml")):
        document = yaml.load(path.read_text(encoding="utf-8"), Loader=yaml.CSafeLoader)
        for rule in SigmaCollection.from_dicts([document]).rules:
            assert isinstance(rule, SigmaRule)
            trees[str(rule.id)] = [condition.parsed for condition in rule.detection.parsed_condition]
    return trees


def holds(tree: Any, fields: Fields, resolve: Resolve, words: Sequence[str]) -> bool:
    """Return whether a condition holds for a record; `words` are the texts that keywords are searched in."""
    match tree:
        case ConditionAND():
            return all(holds(part, fields, resolve, words) for part in tree.args)
        case ConditionOR():
            return any(holds(part, fields, resolve, words) for part in tree.args)
        case ConditionNOT():
            return not holds(tree.args[0], fields, resolve, words)
        case ConditionValueExpression():
            return any(_fits(tree.value, word, is_whole=False) for word in words)
        case ConditionFieldEqualsValueExpression():
            return _field_holds(tree.value, _values(tree.field, fields, resolve), fields, resolve)
    raise AssertionError(type(tree))


def _values(field: str, fields: Fields, resolve: Resolve) -> list[Any]:
    name = next((name for name in resolve(field) if name in fields), None)
    value = [] if name is None else fields[name]
    return value if isinstance(value, list) else [value]


def _field_holds(value: Any, found: list[Any], fields: Fields, resolve: Resolve) -> bool:
    match value:
        case SigmaExpansion():
            return any(_field_holds(each, found, fields, resolve) for each in value.values)
        case SigmaNull():
            return not found
        case SigmaFieldReference():
            others = [_text(each).lower() for each in _values(value.field, fields, resolve)]
            assert not value.starts_with
            if value.ends_with:
                return any(_text(each).lower().endswith(other) for each in found for other in others)
            return any(_text(each).lower() in others for each in found)
    return any(_fits(value, _text(each), is_whole=True) for each in found)


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)


def _fits(value: Any, text: str, *, is_whole: bool) -> bool:
    match value:
        case SigmaExpansion():
            return any(_fits(each, text, is_whole=is_whole) for each in value.values)
        case SigmaString():
            pattern = "".join(re.escape(part) if isinstance(part, str) else _PARTS[part] for part in value.s)
            found = _compiled(pattern, re.IGNORECASE | re.DOTALL)
            return bool(found.fullmatch(text) if is_whole else found.search(text))
        case SigmaRegularExpression():
            flags = sum(value.sigma_to_python_flags[flag] for flag in value.flags)
            return bool(_compiled(str(value.regexp), flags).search(text))
        case SigmaNumber() | SigmaBool():
            wanted = _text(value.boolean if isinstance(value, SigmaBool) else value.number)
            return text.lower() == wanted if is_whole else wanted in text.lower()
        case SigmaCIDRExpression():
            try:
                return ip_address(text) in value.network
            except ValueError:
                return False
    raise AssertionError(type(value))


@cache
def _compiled(pattern: str, flags: int) -> re.Pattern[str]:
    return re.compile(pattern, flags)
