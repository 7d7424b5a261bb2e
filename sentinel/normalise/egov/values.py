"""Checks of the values in an e-government log line, by kind; each has a bound and a remedy."""

import re
import unicodedata
from collections.abc import Callable

from sentinel.errors import InputError
from sentinel.model.record import Value
from sentinel.normalise.egov.schema import Entry
from sentinel.normalise.egov.secrecy import level_of
from sentinel.normalise.typed import checked

MAX_TEXT = 256
MAX_ITEMS = 200
MAX_NUMBER = 10**15

_TOKEN = re.compile(r"[0-9a-f]{32,64}")
"""A citizen's number is 12 digits, an old one 9: a token must not be able to be either."""
_NUMBER_OF_A_PERSON = re.compile(r"\d{9}|\d{12}")
_SERIAL = re.compile(r"[0-9a-f]{1,64}")
_SHA256 = re.compile(r"[0-9a-f]{64}")
_DOMAIN = re.compile(r"(?=.{1,253}$)[a-z0-9_](?:[a-z0-9_-]{0,62})(?:\.[a-z0-9_](?:[a-z0-9_-]{0,62})){1,20}")

Check = Callable[[Entry, object], Value]


def read_value(entry: Entry, value: object) -> Value:
    """Return `value` as the entry's field takes it; raise `InputError` saying what it should be."""
    try:
        return KINDS[entry.kind](entry, value)
    except InputError as error:
        raise InputError(f"{entry.name}: {error}") from error


def _plain(entry: Entry, value: object) -> Value:
    return checked(entry.field, value)


def _text(entry: Entry, value: object) -> str:
    if not isinstance(value, str):
        raise InputError(f"{entry.field}: expected text, got {type(value).__name__}")
    # Rules compare Vietnamese text; the same letters must be the same characters (NFC).
    text = unicodedata.normalize("NFC", value)
    if len(text) > (entry.most or MAX_TEXT):
        raise InputError(f"{len(text)} characters, more than the {entry.most or MAX_TEXT} allowed")
    return text


def _account(entry: Entry, value: object) -> Value:
    text = _text(entry, value)
    if _NUMBER_OF_A_PERSON.fullmatch(text):
        raise InputError("expected an account name; 9 or 12 digits are a person's number, send its keyed hash instead")
    return text


def _token(entry: Entry, value: object) -> Value:  # noqa: ARG001 - one shape for all checks
    if not (isinstance(value, str) and _TOKEN.fullmatch(value)):
        raise InputError("expected a keyed hash of 32 to 64 hexadecimal digits, never the number itself")
    return value


def _serial(entry: Entry, value: object) -> Value:
    text = re.sub(r"[\s:]", "", _text(entry, value)).lower()
    if not _SERIAL.fullmatch(text):
        raise InputError("expected a certificate's serial number in hexadecimal digits")
    return text


def _sha256(entry: Entry, value: object) -> Value:
    text = _text(entry, value).lower()
    if not _SHA256.fullmatch(text):
        raise InputError("expected SHA-256 as 64 hexadecimal digits")
    return text


def _count(entry: Entry, value: object) -> Value:
    number = checked(entry.field, value)
    most = entry.most or MAX_NUMBER
    if not (isinstance(number, int) and 0 <= number <= most):
        raise InputError(f"expected a number from 0 to {most}")
    return number


def _status_code(entry: Entry, value: object) -> Value:
    number = checked(entry.field, value)
    if not (isinstance(number, int) and 100 <= number <= 599):
        raise InputError("expected an HTTP status from 100 to 599")
    return number


def _milliseconds(entry: Entry, value: object) -> Value:
    number = checked(entry.field, value)
    if not (isinstance(number, int) and 0 <= number <= 86_400_000):
        raise InputError("expected milliseconds, from 0 to one day")
    return number * 1_000_000


def _word(entry: Entry, value: object) -> Value:
    text = _text(entry, value)
    if text not in entry.words:
        raise InputError(f"expected one of {', '.join(entry.words)}, got {text[:40]!r}")
    return text


def _secrecy(entry: Entry, value: object) -> Value:
    found = level_of(_text(entry, value))
    if found is None:
        raise InputError("expected one of thường, nội bộ, mật, tối mật, tuyệt mật")
    return found


def _domain(entry: Entry, value: object) -> str:
    text = _text(entry, value).lower().rstrip(".")
    if "@" in text:
        raise InputError("expected a mail domain without the name before the @")
    try:
        text = text if text.isascii() else text.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise InputError(f"{text[:60]!r} is no domain") from error
    if not _DOMAIN.fullmatch(text):
        raise InputError(f"{text[:60]!r} is no domain")
    return text


def _items(entry: Entry, value: object) -> list[object]:
    items = value if isinstance(value, list) else [value]
    most = entry.most or MAX_ITEMS
    if len(items) > most:
        raise InputError(f"a list of {len(items)}, more than the {most} allowed")
    return items


def _texts(entry: Entry, value: object) -> Value:
    single = Entry(entry.name, entry.field, "text", entry.meaning)
    return [_text(single, item) for item in _items(entry, value)]


def _domains(entry: Entry, value: object) -> Value:
    single = Entry(entry.name, entry.field, "domain", entry.meaning)
    return [_domain(single, item) for item in _items(entry, value)]


KINDS: dict[str, Check] = {
    "text": _text,
    "account": _account,
    "token": _token,
    "serial": _serial,
    "sha256": _sha256,
    "count": _count,
    "http-status": _status_code,
    "milliseconds": _milliseconds,
    "number": _plain,
    "flag": _plain,
    "time": _plain,
    "ip": _plain,
    "word": _word,
    "secrecy": _secrecy,
    "domain": _domain,
    "texts": _texts,
    "domains": _domains,
}
"""Kind of an entry to its check."""

WRITTEN: dict[str, str] = {
    "text": "text",
    "account": "text",
    "token": "text",
    "serial": "text",
    "sha256": "text",
    "count": "number",
    "http-status": "number",
    "milliseconds": "number",
    "number": "number",
    "flag": "true or false",
    "time": "text",
    "ip": "text",
    "word": "text",
    "secrecy": "text",
    "domain": "text",
    "texts": "list of text",
    "domains": "list of text",
}
"""Kind of an entry to what stands in the JSON."""
