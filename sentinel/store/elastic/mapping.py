"""Which fields Elasticsearch has mappings for, and which values fit them, so that no document is ever refused."""

import ipaddress
import math
import re
from collections.abc import Callable
from datetime import datetime
from functools import lru_cache
from typing import Any

from sentinel.model.ecs import TYPES, Kind
from sentinel.store.values import as_moment
from sentinel.store.words import FREE_TEXT, MAX_COMPARED_CHARACTERS, is_prose

PAIRS, RAW_VALUES, REST, WORDS = "sentinel.pairs", "sentinel.raw", "sentinel.rest", "sentinel.words"
"""Helper fields: tokens of what has no mapping, its texts for sorting and counting, what lies outside, words."""
AT = "sentinel.at"
"""Helper field with `@timestamp` as it is written; a data stream lets it have no subfield."""
OTHER_WORDS = f"{WORDS}.other"
"""Words of the free-text fields that are no prose."""
FIRST_MOMENT, LAST_MOMENT = "1970-01-01T00:00:00.000000Z", "2262-04-11T23:47:16.854775Z"
"""What nanoseconds since 1970 can hold."""
MAX_NAME_CHARACTERS = 256
MAX_NAME_PARTS = 20
SINGLE = frozenset({"@timestamp", "organization.id"})
"""Fields whose list would mean something else: several times, several agencies."""

_WITH_TEXT = frozenset({"long", "float", "date", "ip"})
_LONG_LIMIT = 2**63
_NAME = re.compile(r"@?[A-Za-z_][\w@-]*(\.[\w@-]+)*", re.ASCII)
_QUERY_NAME = re.compile(r"@?[A-Za-z_][\w.@-]{0,255}", re.ASCII)
_ADDRESS = re.compile(r"[0-9a-f:.]{2,39}", re.ASCII)


def text_field(field: str) -> str:
    """Return the field with the value of a number, time or address as it is written, for wildcards."""
    return AT if field == "@timestamp" else f"{field}.text"


def words_field(field: str) -> str:
    """Return the helper field with the words of a field of prose."""
    return f"{WORDS}.{field.replace('.', '_')}"


PROSE: tuple[str, ...] = tuple(dict.fromkeys([*filter(is_prose, FREE_TEXT), *filter(is_prose, TYPES)]))
"""Fields that are searched by their words; each has a helper field of its own."""


def _keyword(value: object) -> bool:
    return type(value) is str and len(value) <= MAX_COMPARED_CHARACTERS


def _prose(value: object) -> bool:
    return type(value) is str


def _long(value: object) -> bool:
    return type(value) is int and -_LONG_LIMIT <= value < _LONG_LIMIT


def _float(value: object) -> bool:
    return type(value) is float and math.isfinite(value)


def _boolean(value: object) -> bool:
    return type(value) is bool


def _date(value: object) -> bool:
    return is_moment(value) and FIRST_MOMENT <= str(value) <= LAST_MOMENT


def is_moment(value: object) -> bool:
    """Return whether a value is a time as `moment.to_text` writes it, and one of the calendar."""
    if type(value) is not str or as_moment(value) is None:
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


@lru_cache(maxsize=65_536)
def _is_plain_address(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return False
    is_mapped = isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None
    return str(address) == text and not is_mapped


def _ip(value: object) -> bool:
    return type(value) is str and _ADDRESS.fullmatch(value) is not None and _is_plain_address(value)


Fit = Callable[[object], bool]
_FITS: dict[Kind, Fit] = {
    "keyword": _keyword,
    "text": _prose,
    "long": _long,
    "float": _float,
    "boolean": _boolean,
    "date": _date,
    "ip": _ip,
}

FITS: dict[str, Fit] = {name: _FITS["text" if is_prose(name) else kind] for name, kind in TYPES.items()}
"""By mapped field: whether a single value fits its mapping, exactly and without loss."""


def _inner_names() -> frozenset[str]:
    """Return the names that are objects in the mapping."""
    helpers = (*_RESERVED, OTHER_WORDS)
    return frozenset(
        name.rsplit(".", count)[0] for name in (*TYPES, *helpers) for count in range(1, name.count(".") + 1)
    )


_RESERVED = (PAIRS, RAW_VALUES, REST, WORDS, AT)
_INNER = _inner_names()


@lru_cache(maxsize=16_384)
def is_plain(name: str) -> bool:
    """Return whether a field without mapping can lie at its place in a document, whatever its value."""
    if len(name) > MAX_NAME_CHARACTERS or name.count(".") >= MAX_NAME_PARTS or not _NAME.fullmatch(name):
        return False
    parts = name.split(".")
    above = {".".join(parts[:count]) for count in range(1, len(parts))}
    return (
        name not in _INNER and name not in _RESERVED and not any(each in TYPES or each in _RESERVED for each in above)
    )


@lru_cache(maxsize=16_384)
def can_be_asked(name: str) -> bool:
    """Return whether a query can name the field."""
    return _QUERY_NAME.fullmatch(name) is not None


def properties() -> dict[str, Any]:
    """Return the mapping of every field in use, and of the helper fields."""
    found: dict[str, Any] = {}
    for name, kind in TYPES.items():
        _put(found, name, _mapped(name, kind))
    _put(found, AT, {"type": "keyword", "doc_values": False})
    _put(found, PAIRS, {"type": "keyword", "doc_values": False})
    _put(found, RAW_VALUES, {"type": "flattened", "index": False, "depth_limit": 2})
    for name in (OTHER_WORDS, *map(words_field, PROSE)):
        _put(found, name, {"type": "text", "analyzer": "whitespace", "norms": False})
    return found


def _mapped(name: str, kind: Kind) -> dict[str, Any]:
    if name == "event.original":
        return {"type": "keyword", "index": False, "doc_values": False}
    if kind == "text":
        return {"type": "text", "index": False}
    if kind == "keyword":
        return {"type": "keyword"}
    types = {"float": "double", "date": "date_nanos"}
    found: dict[str, Any] = {"type": types.get(kind, kind)}
    if kind in _WITH_TEXT and text_field(name) != AT:
        found["fields"] = {text_field(name).rpartition(".")[2]: {"type": "keyword", "doc_values": False}}
    return found


def _put(found: dict[str, Any], name: str, mapped: dict[str, Any]) -> None:
    *parents, last = name.split(".")
    for parent in parents:
        found = found.setdefault(parent, {"properties": {}})["properties"]
    found[last] = mapped
