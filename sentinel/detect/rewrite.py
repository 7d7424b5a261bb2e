"""What the Sigma specification allows and pySigma refuses is put in words pySigma knows."""

from typing import Any

from sentinel.errors import InputError

LIMITS = "sentinel-limits"
"""Attribute that carries all comparisons of a correlation condition past pySigma, which knows one, of integers."""
COMPARISONS = ("gt", "gte", "lt", "lte", "eq", "neq")
_MODIFIERS = {"utf16le": "wide"}


def rewrite(document: dict[str, Any]) -> dict[str, Any]:
    """Return a rule document that means the same to pySigma; `document` stays as it is."""
    changed = dict(document)
    if isinstance(changed.get("detection"), dict):
        changed["detection"] = {
            name: part if name == "condition" else _rename_modifiers(part)
            for name, part in changed["detection"].items()
        }
    if isinstance(changed.get("correlation"), dict):
        changed.update(_split_condition(changed["correlation"]))
    return changed


def _rename_modifiers(part: Any) -> Any:
    if isinstance(part, list):
        return [_rename_modifiers(each) for each in part]
    if not isinstance(part, dict):
        return part
    return {_rename_key(key): value for key, value in part.items()}


def _rename_key(key: str) -> str:
    field, *modifiers = key.split("|")
    return "|".join([field, *(_MODIFIERS.get(each, each) for each in modifiers)])


def _split_condition(correlation: dict[str, Any]) -> dict[str, Any]:
    condition = correlation.get("condition")
    if not isinstance(condition, dict):
        return {}
    limits = {key: value for key, value in condition.items() if key in COMPARISONS}
    for key, value in limits.items():
        if isinstance(value, bool) or not isinstance(value, int | float):
            raise InputError(f"correlation condition '{key}' must be a number, got {value!r}")
    first = next(iter(limits), None)
    kept = {key: value for key, value in condition.items() if key not in COMPARISONS}
    if first is not None:
        kept[first] = 1
    return {"correlation": {**correlation, "condition": kept}, LIMITS: limits}
