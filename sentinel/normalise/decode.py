"""JSON from outside: bounded, and always text that can be stored."""

import json
from collections.abc import Iterator
from typing import NoReturn

import orjson

from sentinel.errors import InputError
from sentinel.event import MAX_RAW_CHARACTERS
from sentinel.normalise.values import MAX_LONG, printable

MAX_DEPTH = 32
MAX_DIGITS = 400


def json_object(raw: str) -> dict[str, object]:
    """Return the JSON object in `raw`; raise `InputError` for anything else, or one nested too deeply."""
    try:
        value: object = orjson.loads(raw)
    except orjson.JSONDecodeError:
        value = _by_the_standard_library(raw)
    if not isinstance(value, dict):
        raise InputError(f"expected a JSON object, got {type(value).__name__}")
    return value


def _no_number(text: str) -> NoReturn:
    raise InputError(f"{text} is no JSON number")


def _integer(text: str) -> int:
    if len(text) > MAX_DIGITS:
        raise InputError(f"a number of {len(text)} digits")
    return int(text)


def _by_the_standard_library(raw: str) -> object:
    """Read what orjson refuses but sources do write: half of a surrogate pair; numbers of any length."""
    if len(raw) > MAX_RAW_CHARACTERS:
        raise InputError(f"{len(raw)} characters of JSON, more than the {MAX_RAW_CHARACTERS} allowed")
    try:
        value = json.loads(raw, parse_constant=_no_number, parse_int=_integer)
    except (ValueError, RecursionError) as error:
        raise InputError(f"not JSON: {error}") from error
    return _storable(value, 0)


def _storable(value: object, depth: int) -> object:
    """Return `value` with every text made one that UTF-8 can carry."""
    if depth > MAX_DEPTH:
        raise InputError(f"nested more than {MAX_DEPTH} deep")
    if isinstance(value, dict):
        return {printable(name): _storable(child, depth + 1) for name, child in value.items()}
    if isinstance(value, list):
        return [_storable(child, depth + 1) for child in value]
    return printable(value) if isinstance(value, str) else value


def plain(value: object) -> str | None:
    """Return a JSON scalar as the text a person would write; None for null, an object or a list."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    return None


def whole(value: object) -> int | None:
    """Return a whole number given as number, decimal or hexadecimal text, within 64 bits; None if it is none."""
    if isinstance(value, str):
        try:
            value = int(value, 16) if value[:2] in ("0x", "0X") else int(value) if len(value) < 21 else None
        except ValueError:
            return None
    if isinstance(value, bool) or not isinstance(value, int):
        return None
    return value if -MAX_LONG - 1 <= value <= MAX_LONG else None


def leaves(value: object, name: str = "", depth: int = 0) -> Iterator[tuple[str, object]]:
    """Yield (name, value) of what lies at the ends of nested objects; the name is the innermost one.

    Lists of plain values are ends. `#attributes` are left out and `#text` stands for the object it is in, which is how
    the `evtx` library writes XML. Raises `InputError` below `MAX_DEPTH`.
    """
    if depth > MAX_DEPTH:
        raise InputError(f"nested more than {MAX_DEPTH} deep")
    if isinstance(value, dict) and "#text" in value:
        value = value["#text"]
    if isinstance(value, dict):
        for key, child in value.items():
            if type(child) is str:
                yield key, child
            elif key != "#attributes":
                yield from leaves(child, key, depth + 1)
    elif isinstance(value, list) and any(isinstance(item, dict | list) for item in value):
        for child in value:
            yield from leaves(child, name, depth + 1)
    else:
        yield name, value
