"""The values of a field in SQL for DuckDB: as texts to be counted, and as the one a record is sorted by."""

import json
from collections.abc import Collection
from dataclasses import replace

from sentinel.model.ecs import LISTS, type_of
from sentinel.store.columns import EVENT_ID, ID, KINDS, REST
from sentinel.store.sql_values import Sql
from sentinel.store.values import MOMENT, NUMBER
from sentinel.store.words import MAX_COMPARED_CHARACTERS

_NO_TEXTS = "CAST([] AS VARCHAR[])"


def quoted(name: str) -> str:
    """Return the column of a promoted field."""
    if name not in KINDS:
        raise ValueError(f"{name!r} is no column")
    return f'"{name}"'


def pointer(field: str) -> str:
    """Return where a field lies in the rest, as DuckDB names places in JSON."""
    return "/" + field.replace("~", "~0").replace("/", "~1")


def marker(field: str) -> str:
    """Return a text that the rest holds wherever it holds the field: looked for far faster than reading JSON."""
    return f"{json.dumps(field)}:"


def as_text(field: str, value: str) -> str:
    """Return a value of the field's column as text."""
    kind = KINDS[field]
    if kind == "date":
        return f"strftime({value}, '%Y-%m-%dT%H:%M:%S.%fZ')"
    return f"CAST({value} AS VARCHAR)" if kind in ("long", "float", "boolean") else value


def single(field: str, misfits: Collection[str]) -> Sql | None:
    """Return the one text that every record has in the field at most, None where there may be several."""
    if field == EVENT_ID:
        return Sql(f'"{ID}"')
    if field not in KINDS or field in LISTS or field in misfits:
        return None
    return Sql(as_text(field, quoted(field)))


def texts(field: str, misfits: Collection[str]) -> Sql:
    """Return the list of a record's values in the field as texts, empty where it has none."""
    if field == EVENT_ID:
        return Sql(f'["{ID}"]')
    in_rest = Sql(
        f'CASE WHEN contains("{REST}", ?) AND json_type("{REST}", ?) IS NOT NULL '
        f'THEN rest_values("{REST}", ?) ELSE {_NO_TEXTS} END',
        (marker(field), pointer(field), pointer(field)),
        True,
    )
    if field not in KINDS:
        return in_rest
    column = quoted(field)
    if field in LISTS:
        in_column = f"coalesce(list_transform({column}, lambda v: {as_text(field, 'v')}), {_NO_TEXTS})"
    else:
        in_column = f"CASE WHEN {column} IS NULL THEN {_NO_TEXTS} ELSE [{as_text(field, column)}] END"
    return replace(in_rest, text=f"({in_column} || {in_rest.text})") if field in misfits else Sql(in_column)


def sort_key(field: str, misfits: Collection[str], *, largest: bool) -> Sql:
    """Return what a record is sorted by, NULL where it has no fitting value; of several the largest or smallest."""
    kind = type_of(field)
    is_plain = field in KINDS and field not in LISTS and field not in misfits
    if is_plain and kind in ("long", "float"):
        return Sql(quoted(field))
    key, values = _KEYS.get(kind or "", (f"left(v, {MAX_COMPARED_CHARACTERS})", ()))
    one = single(field, misfits)
    if one is not None:
        # A list of one: a lambda names its value once, however often the key needs it.
        one = replace(one, text=f"[{one.text}]")
    every = one or texts(field, misfits)
    pick = "list_max" if largest else "list_min"
    return Sql(f"{pick}(list_transform({every.text}, lambda v: {key}))", (*every.values, *values), every.is_costly)


_NUMBER_KEY = (
    "CASE WHEN regexp_full_match(v, ?) AND isfinite(try_cast(v AS DOUBLE)) THEN try_cast(v AS DOUBLE) END",
    (NUMBER,),
)
_KEYS: dict[str, tuple[str, tuple[str, ...]]] = {
    "long": _NUMBER_KEY,
    "float": _NUMBER_KEY,
    "date": ("CASE WHEN regexp_full_match(v, ?) THEN v END", (MOMENT,)),
    "ip": ("ip_key(v)", ()),
}
"""By type of a field: what its text `v` is sorted by."""
