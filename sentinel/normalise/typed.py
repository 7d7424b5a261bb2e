"""Reads what our own collectors make: one JSON object with flat ECS names, each name and type checked."""

import math
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import cast

from sentinel.errors import InputError
from sentinel.model.ecs import LISTS, TYPES, Kind
from sentinel.model.record import Fields, Scalar, Value
from sentinel.normalise import times
from sentinel.normalise.decode import json_object
from sentinel.normalise.values import MAX_LONG, address

MAX_LIST = 1000

Check = Callable[[object], Scalar | None]


def _keyword(value: object) -> Scalar | None:
    return value if isinstance(value, str) else None


def _long(value: object) -> Scalar | None:
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if -MAX_LONG - 1 <= value <= MAX_LONG else None


def _float(value: object) -> Scalar | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return number if math.isfinite(number := float(value)) else None


def _boolean(value: object) -> Scalar | None:
    return value if isinstance(value, bool) else None


def _ip(value: object) -> Scalar | None:
    return address(value) if isinstance(value, str) else None


def _date(value: object) -> Scalar | None:
    if not isinstance(value, str):
        return None
    if datetime.fromisoformat(value).tzinfo is None:
        return None
    return times.iso(value)


_CHECKS: dict[Kind, Check] = {
    "keyword": _keyword,
    "text": _keyword,
    "long": _long,
    "float": _float,
    "boolean": _boolean,
    "ip": _ip,
    "date": _date,
}
_OF: dict[str, Check] = {name: _CHECKS[kind] for name, kind in TYPES.items()}
_SINGLE: dict[str, Check] = {name: check for name, check in _OF.items() if name not in LISTS}


def checked(name: str, value: object) -> Value:
    """Return `value` as the type of the field `name`; raise `InputError` where it is of another."""
    if (check := _SINGLE.get(name)) is not None:
        return _one(name, value, check)
    items = value if isinstance(value, list) else [value]
    if len(items) > MAX_LIST:
        raise InputError(f"{name}: a list of {len(items)}, more than the {MAX_LIST} allowed")
    return cast("Value", [_one(name, item, _OF[name]) for item in items])


def _one(name: str, value: object, check: Check) -> Scalar:
    try:
        found = check(value)
    except (ValueError, OverflowError):
        found = None
    if found is None:
        raise InputError(f"{name}: expected {TYPES[name]}, got {str(value)[:60]!r}")
    return found


def read(raw: str, names: frozenset[str], required: frozenset[str], fixed: Mapping[str, Value]) -> Fields:
    """Return the fields of one object: `fixed` ones, then its own, which must be in `names`; null is absent.

    Raises `InputError` for a name not in `names`, a value of the wrong type, or one of `required` missing.
    """
    fields: Fields = dict(fixed)
    for name, value in json_object(raw).items():
        if name not in names:
            raise InputError(f"{name[:60]!r} is not a field of this dataset")
        if value is not None:
            check = _SINGLE.get(name)
            fields[name] = checked(name, value) if check is None else _one(name, value, check)
    if fields.get("event.kind", "event") not in ("event", "state"):
        raise InputError(f"event.kind: expected event or state, got {str(fields['event.kind'])[:40]!r}")
    for name in required:
        if name not in fields:
            raise InputError(f"{name} is missing")
    return fields
