"""Tells of which records the original line alone says whether their long texts can hold a word."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from sentinel.model.record import Fields
from sentinel.store.words import FREE_TEXT

PLAIN = "#plain"
"""Column that is true where all texts that words are looked for in have the letters of ASCII only, and each word of the
message stands in the original line, perhaps among more letters."""
ORIGINAL, MESSAGE = "event.original", "message"
"""The long texts that words are looked for in."""
SHORT = tuple(name for name in FREE_TEXT if name not in (ORIGINAL, MESSAGE))
"""The others."""
_FOR_HTML = {ord(sign): f"\\u{ord(sign):04x}" for sign in "&<>"}
"""How Go writes these signs in JSON, and so Beats do."""
_BEGINNING = 48
"""Characters of a message that are looked for; the others must follow. To look for a long text costs several times as
much."""
_MAX_PLACES = 4
"""How many places with the same beginning are looked at: a line of PowerShell says a part of its message first."""


def plain(fields: Sequence[Fields], columns: Mapping[str, "pa.Array[Any]"]) -> "pa.Array[Any]":
    """Return the column for records, given as fields and as the columns made of them."""
    found: pa.Array[Any] = pa.array([_is_plain(each.get(ORIGINAL), each.get(MESSAGE)) for each in fields])
    for name in SHORT:
        is_ascii: pa.Array[Any] = pc.call_function("string_is_ascii", [columns[name]])
        if pc.all(is_ascii).as_py() is False:
            found = pc.call_function("and", [found, pc.fill_null(is_ascii, pa.scalar(value=True))])
    return found


def _is_plain(original: object, message: object) -> bool:
    if type(original) is not str or not _is_of_ascii(original):
        return False
    if message is None:
        return True
    if type(message) is not str or not _is_of_ascii(message):
        return False
    if not original.startswith("{"):
        return original.endswith(message) or _stands(message, original)
    return any(_stands(written, original) for written in _in_json(message))


def _is_of_ascii(text: str) -> bool:
    """Return whether a text is of ASCII, apart from signs that Windows puts behind its own name."""
    return text.isascii() or text.replace("®", "").replace("©", "").isascii()


def _in_json(text: str) -> Iterator[str]:
    """Yield how lines of JSON write a text; not a letter or digit of it is lost."""
    escaped = orjson.dumps(text)[1:-1].decode()
    yield escaped
    if "&" in escaped or "<" in escaped or ">" in escaped:
        yield escaped.translate(_FOR_HTML)


def _stands(text: str, line: str) -> bool:
    """Return whether the text stands at one of the first places where its beginning does."""
    beginning = text[:_BEGINNING]
    place = line.find(beginning)
    for _ in range(_MAX_PLACES):
        if place < 0 or line.startswith(text, place):
            return place >= 0
        place = line.find(beginning, place + 1)
    return False
