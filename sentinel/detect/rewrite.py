"""What the Sigma specification allows and pySigma refuses or misreads is put in words pySigma knows."""

import math
import re
from collections.abc import Sequence
from difflib import get_close_matches
from math import isfinite
from typing import Any

from sentinel.detect.correlate.expression import names_in
from sentinel.detect.facts import text_of
from sentinel.detect.modifiers import our_names
from sentinel.detect.predicates.regex import MAX_EXPRESSION_CHARACTERS
from sentinel.errors import InputError

LIMITS = "sentinel-limits"
"""Attribute that carries all comparisons of a correlation condition past pySigma, which knows one, of integers."""
EXPRESSION = "sentinel-expression"
"""Attribute that carries an extended correlation condition past pySigma, which knows it in small letters only."""
COMPARISONS = ("gt", "gte", "lt", "lte", "eq", "neq")
NEWEST_VERSION = 2
"""Major version of the specification that is read; 3 is to change what lists in events mean."""
_NUMERIC = frozenset({"lt", "lte", "gt", "gte", "minute", "hour", "day", "week", "month", "year"})
_TIME_PARTS = frozenset({"minute", "hour", "day", "week", "month", "year"})
_EXACT_IN_A_FLOAT = 2**53
_LARGEST = 10**100
_DURATION = re.compile(r"\s*\d+\s*[smhdwMy]\s*")
_CORRELATION_KEYS = ("type", "rules", "group-by", "timespan", "condition", "aliases", "generate")
"""Without a refusal `group_by`, or the `window` of another engine, would silently count something else."""
_NO_SELECTIONS = {"detection": ("condition",), "filter": ("condition", "rules")}


def rewrite(document: dict[str, Any]) -> dict[str, Any]:
    """Return a rule document that means the same to pySigma; `document` stays as it is.

    Raises InputError for what no reading of the specification gives a meaning.
    """
    _check_version(document.get("sigma-version"))
    if (action := document.get("action")) is not None:
        raise InputError(
            "action 'repeat' has no rule before it in this file to repeat"
            if action == "repeat"
            else f"unknown action {str(action)[:40]!r}; known are global, reset and repeat"
        )
    changed = dict(document)
    for section, others in _NO_SELECTIONS.items():
        if isinstance(selections := changed.get(section), dict):
            kept = _without_timeframe(selections)
            changed[section] = {name: part if name in others else _rename(part) for name, part in kept.items()}
    if isinstance(changed.get("correlation"), dict):
        changed.update(_split_condition(changed["correlation"]))
    return changed


def _check_version(version: object) -> None:
    if version is None:
        return
    major = str(version).partition(".")[0]
    if not major.isdecimal():
        raise InputError(f"sigma-version must be a number such as 2, got {version!r}")
    if int(major[:9]) > NEWEST_VERSION:
        raise InputError(f"sigma-version {str(version)[:20]} is not supported; rules are read as version 2")


def _without_timeframe(selections: dict[str, Any]) -> dict[str, Any]:
    """Return the selections without the time frame of an aggregation, which is refused for itself later."""
    timeframe = selections.get("timeframe")
    if not (isinstance(timeframe, str) and _DURATION.fullmatch(timeframe)):
        return selections
    if "|" not in str(selections.get("condition")):
        raise InputError("timeframe belongs to aggregations; write a correlation rule with this timespan instead")
    return {name: part for name, part in selections.items() if name != "timeframe"}


def _rename(part: Any) -> Any:
    """Return a selection with modifiers renamed; its lists may hold maps and keywords."""
    if isinstance(part, list):
        return [_rename(each) for each in part]
    if isinstance(part, dict):
        return dict(_item(key, value) for key, value in part.items())
    return _value(part, "keyword", ())


def _item(key: str, value: Any) -> tuple[str, Any]:
    field, *modifiers = key.split("|")
    if "fieldref" in modifiers and "cased" in modifiers:
        raise InputError(f"'{key}': fields are compared without case; 'cased' cannot be combined with 'fieldref'")
    if "re" in modifiers[1:]:
        raise InputError(f"'{key}': 're' must come first, because it takes unmodified values")
    new_key = "|".join([field, *our_names(modifiers)])
    if isinstance(value, list):
        return new_key, [_value(each, key, modifiers) for each in value]
    return new_key, _value(value, key, modifiers)


def _value(value: Any, key: str, modifiers: Sequence[str]) -> Any:
    """Return one value as pySigma reads it right; raise InputError for what is no value of a rule."""
    match value:
        case dict():
            raise InputError(f"'{key}' holds a map; array matching (sigma-version 3) is not supported, name the field")
        case list():
            raise InputError(f"'{key}' holds a list inside a list")
        case bool() | int() | float() if "re" in modifiers:
            raise InputError(f"'{key}' holds {value!r}, and an expression must be a text; put it in quotes")
        case bool() | None:
            return value
        case int():
            return _integer(value, key, modifiers)
        case float():
            return _float(value, key, modifiers)
        case str():
            return _text(value, key, modifiers)
    kind = type(value).__name__
    raise InputError(f"'{key}' holds a {kind}, which is no value of a rule; put it in quotes to mean its text")


def _text(value: str, key: str, modifiers: Sequence[str]) -> str:
    if "re" in modifiers and len(value) > MAX_EXPRESSION_CHARACTERS:
        raise InputError(f"'{key}' holds a regular expression of more than {MAX_EXPRESSION_CHARACTERS} characters")
    return value


def _float(value: float, key: str, modifiers: Sequence[str]) -> float | str:
    if not isfinite(value):
        raise InputError(f"'{key}' holds {value}, which is no number; put it in quotes to mean its text")
    if _TIME_PARTS.intersection(modifiers) and not value.is_integer():
        raise InputError(f"'{key}': a part of a time is a whole number, got {value}")
    return value if abs(value) <= _EXACT_IN_A_FLOAT or _NUMERIC.intersection(modifiers) else text_of(value)


def _integer(value: int, key: str, modifiers: Sequence[str]) -> int | str:
    if abs(value) > _LARGEST:
        raise InputError(f"'{key}' holds a number of more than 100 digits")
    # pySigma turns integers that no float can hold into the nearest float; their text is what is compared.
    return value if abs(value) <= _EXACT_IN_A_FLOAT or _NUMERIC.intersection(modifiers) else str(value)


def _check_keys(correlation: dict[str, Any]) -> None:
    for key in correlation:
        if key not in _CORRELATION_KEYS:
            near = get_close_matches(str(key)[:40], _CORRELATION_KEYS, n=1)
            meant = f"did you mean '{near[0]}'?" if near else f"known are {', '.join(_CORRELATION_KEYS)}"
            raise InputError(f"correlation knows no {str(key)[:40]!r}; {meant}")


def _split_condition(correlation: dict[str, Any]) -> dict[str, Any]:
    """Return the correlation with a condition pySigma knows, and beside it what was meant."""
    _check_keys(correlation)
    condition = correlation.get("condition")
    if isinstance(condition, str):
        if correlation.get("type") not in ("temporal", "temporal_ordered"):
            raise InputError("correlation condition must be a map such as 'gte: 10'; only temporal kinds join names")
        rules = correlation.get("rules") or names_in(condition)
        return {"correlation": {**correlation, "rules": rules, "condition": {"gte": 1}}, EXPRESSION: condition}
    if condition is None and not str(correlation.get("type")).startswith("temporal"):
        raise InputError("correlation needs a condition, such as 'gte: 10'; only temporal kinds go without")
    if not isinstance(condition, dict):
        return {}
    limits = {key: value for key, value in condition.items() if key in COMPARISONS}
    for key, value in {**limits, "percentile": condition.get("percentile", 0)}.items():
        if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
            raise InputError(f"correlation condition '{key}' must be a number, got {value!r}")
    kept = {key: value for key, value in condition.items() if key not in COMPARISONS}
    if limits:
        kept[next(iter(limits))] = 1
    means = {**limits, **({"percentile": condition["percentile"]} if "percentile" in condition else {})}
    return {"correlation": {**correlation, "condition": kept}, LIMITS: means}
