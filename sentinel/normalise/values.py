"""Words of a line become typed values, or nothing where they are none."""

import re
from functools import lru_cache
from ipaddress import IPv6Address, ip_address
from socket import AF_INET, inet_pton

MAX_LONG = 2**63 - 1

_SURROGATE = re.compile("[\ud800-\udfff]")


def _escape(found: re.Match[str]) -> str:
    code = ord(found[0])
    # Undecodable bytes arrive as U+DC80 to U+DCFF (PEP 383); other lone surrogates come from JSON escapes.
    return f"\\x{code - 0xDC00:02x}" if 0xDC80 <= code <= 0xDCFF else f"\\u{code:04x}"


def printable(text: str) -> str:
    """Return `text` with lone surrogates written out, so that it can be encoded as UTF-8."""
    return text if text.isascii() or not _SURROGATE.search(text) else _SURROGATE.sub(_escape, text)


@lru_cache(maxsize=16_384)
def _address(text: str) -> str | None:
    try:
        # Nearly all are IPv4, for which this is ten times as fast; it takes only the shortest form.
        inet_pton(AF_INET, text)
    except (OSError, ValueError):
        return _other_address(text)
    return text


def _other_address(text: str) -> str | None:
    try:
        address = ip_address(text.strip("[]").partition("%")[0])
    except ValueError:
        return None
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(address)


def address(text: str) -> str | None:
    """Return an IP address in its shortest form, IPv4 in IPv6 as IPv4, without a scope; None if it is none."""
    return _address(text) if len(text) <= 64 else None


def whole(text: str, highest: int = MAX_LONG) -> int | None:
    """Return a decimal number from 0 to `highest`, or None."""
    if not text.isascii() or not text.isdigit() or len(text) > 19:
        return None
    number = int(text)
    return number if number <= highest else None


def port(text: str) -> int | None:
    """Return a port number, or None."""
    return whole(text, 65535)
