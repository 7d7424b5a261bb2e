"""Where the next page of a search begins: the sort values of the last record, as a text to hand out and take back."""

import base64
import binascii
import hashlib
from typing import Any

import orjson

from sentinel.errors import InputError
from sentinel.model.search import Search

MAX_CHARACTERS = 65_536
_DIGEST_CHARACTERS = 12


def write(search: Search, values: list[Any]) -> str:
    """Return the cursor after the record with these sort values."""
    return base64.urlsafe_b64encode(orjson.dumps([_question(search), values])).decode()


def read(search: Search, text: str) -> list[Any]:
    """Return the sort values in a cursor of ours; raise `InputError` for any other text, or one of another search."""
    found = _decoded(text) if len(text) <= MAX_CHARACTERS else None
    if not isinstance(found, list) or len(found) != 2 or found[0] != _question(search):
        raise InputError("after: this is not the next page of this search; begin at its first page")
    values = found[1]
    if not isinstance(values, list) or len(values) != 2 or not all(map(_is_sort_value, values)):
        raise InputError("after: this is no page of a search; begin at its first page")
    return values


def _decoded(text: str) -> object:
    try:
        return orjson.loads(base64.b64decode(text, altchars=b"-_", validate=True))
    except (ValueError, binascii.Error):
        return None


def _is_sort_value(value: object) -> bool:
    return value is None or type(value) in (str, int, float)


def _question(search: Search) -> str:
    """Return a digest of what decides about the order of records."""
    parts = [search.query, search.start, search.end, search.sort, search.newest_first, sorted(search.scope)]
    return hashlib.sha256(orjson.dumps(parts)).hexdigest()[:_DIGEST_CHARACTERS]
