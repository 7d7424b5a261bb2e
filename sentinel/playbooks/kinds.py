"""Kinds of values that inputs and arguments may have; a kind is a function that lets a value through or refuses it."""

import ipaddress
import posixpath
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from pydantic import BeforeValidator

from sentinel.model.moment import from_text, to_text

MAX_TEXT = 4_000
MAX_PATH = 4_096
MAX_INTEGER = 2**63 - 1

Value = str | int | float | bool | None
"""What an input or an argument may be."""

_SHA256 = re.compile(r"[0-9a-fA-F]{64}")
_COLLECTOR = re.compile(r"[A-Za-z0-9_.-]{1,32}")
_NAME = re.compile(r"[^\x00-\x1f\x7f\s][^\x00-\x1f\x7f]{0,254}")


def string(value: object) -> str:
    """Return a text of at most 4,000 characters without a NUL; raise ValueError for anything else."""
    if not isinstance(value, str):
        raise ValueError(f"expected a text, got {type(value).__name__}")  # noqa: TRY004 - pydantic reads ValueError
    if len(value) > MAX_TEXT or "\x00" in value:
        raise ValueError(f"expected a text of at most {MAX_TEXT} characters without NUL")
    return value


def integer(value: object) -> int:
    """Return a whole number of at most 63 bits; raise ValueError for anything else."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise ValueError(f"expected a whole number, got {type(value).__name__}")  # noqa: TRY004 - pydantic reads ValueError
    if abs(value) > MAX_INTEGER:
        raise ValueError("the number is too large")
    return value


def boolean(value: object) -> bool:
    """Return true or false; raise ValueError for anything else."""
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, got {type(value).__name__}")  # noqa: TRY004 - pydantic reads ValueError
    return value


def ip(value: object) -> str:
    """Return one IP address in its canonical form, IPv4 inside IPv6 unwrapped; raise ValueError for anything else."""
    try:
        address = ipaddress.ip_address(string(value))
    except ValueError as error:
        raise ValueError(f"not an IP address: {str(value)[:60]!r}") from error
    if isinstance(address, ipaddress.IPv6Address):
        if address.scope_id is not None:
            raise ValueError(f"an address with a zone is not usable: {str(value)[:60]!r}")
        address = address.ipv4_mapped or address
    return str(address)


def path(value: object) -> str:
    """Return an absolute POSIX path without `.`, `..` or control characters; raise ValueError for anything else."""
    text = string(value)
    if not text.startswith("/") or len(text.encode("utf-8", "surrogateescape")) > MAX_PATH:
        raise ValueError(f"not an absolute path: {text[:60]!r}")
    if any(ord(character) < 32 for character in text) or text.startswith("//") or posixpath.normpath(text) != text:
        raise ValueError(f"not a plain path (no '..', no '//', no control characters): {text[:60]!r}")
    return text


def sha256(value: object) -> str:
    """Return a SHA-256 in lower-case hexadecimal; raise ValueError for anything else."""
    text = string(value)
    if not _SHA256.fullmatch(text):
        raise ValueError("not a SHA-256 (64 hexadecimal digits)")
    return text.lower()


def time(value: object) -> str:
    """Return a time with zone as fixed-width UTC text; raise ValueError for anything else."""
    try:
        return to_text(from_text(string(value)))
    except (ValueError, OverflowError) as error:
        raise ValueError(f"not a time with zone (RFC 3339): {str(value)[:60]!r}") from error


def name(value: object) -> str:
    """Return a host or account name of at most 255 printable characters; raise ValueError for anything else."""
    text = string(value)
    if not _NAME.fullmatch(text):
        raise ValueError(f"not a name: {text[:60]!r}")
    return text


def collector(value: object) -> str:
    """Return a collector id; raise ValueError for anything else."""
    text = string(value)
    if not _COLLECTOR.fullmatch(text):
        raise ValueError(f"not a collector id: {text[:60]!r}")
    return text


KINDS: dict[str, Callable[[object], Value]] = {
    "string": string,
    "integer": integer,
    "boolean": boolean,
    "ip": ip,
    "path": path,
    "sha256": sha256,
    "time": time,
    "host": name,
    "user": name,
    "collector": collector,
}


@dataclass(frozen=True, slots=True)
class Kind:
    """Marks an argument's kind, so that a playbook can be checked before it runs."""

    name: str


Text = Annotated[str, BeforeValidator(string), Kind("string")]
Integer = Annotated[int, BeforeValidator(integer), Kind("integer")]
Ip = Annotated[str, BeforeValidator(ip), Kind("ip")]
Path = Annotated[str, BeforeValidator(path), Kind("path")]
Sha256 = Annotated[str, BeforeValidator(sha256), Kind("sha256")]
Time = Annotated[str, BeforeValidator(time), Kind("time")]
User = Annotated[str, BeforeValidator(name), Kind("user")]
CollectorId = Annotated[str, BeforeValidator(collector), Kind("collector")]


def fits(given: str, wanted: str) -> bool:
    """Return whether a value of kind `given` may stand where `wanted` is asked for; a text may be anything."""
    return given == wanted or wanted == "string"
