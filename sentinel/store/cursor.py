"""Where the next page of a search begins: the place of the last record shown, as a text that goes through a URL."""

import base64
import binascii
from dataclasses import dataclass

import orjson

from sentinel.errors import InputError

MAX_CHARACTERS = 50_000
Key = str | int | float | None


@dataclass(frozen=True, slots=True)
class Place:
    """The record after which the page begins."""

    key: Key
    """Its value in the field sorted by, None where it has none."""
    id: str


def write(sort: str, *, newest_first: bool, place: Place) -> str:
    """Return the text for a place in an order."""
    body = orjson.dumps([sort, newest_first, place.key, place.id])
    return base64.urlsafe_b64encode(body).decode().rstrip("=")


def read(text: str, sort: str, *, newest_first: bool) -> Place:
    """Return the place in a text that `write` made for the same order; raise `InputError` for any other."""
    if len(text) > MAX_CHARACTERS:
        raise InputError("this is not the place of a next page; begin again with the first page")
    try:
        found = orjson.loads(base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True))
        for_sort, for_newest, key, identity = found
    except (ValueError, TypeError, binascii.Error) as error:
        raise InputError("this is not the place of a next page; begin again with the first page") from error
    is_key = key is None or (isinstance(key, str | int | float) and not isinstance(key, bool))
    if for_sort != sort or for_newest is not newest_first or not is_key or not isinstance(identity, str):
        raise InputError("the next page belongs to another search; begin again with the first page")
    return Place(key, identity)
