"""What values are compared as: texts, numbers, times and addresses; the same for every store."""

import ipaddress
import math
import re
from collections.abc import Mapping

import orjson

from sentinel.model.record import Scalar, Value

Address = ipaddress.IPv4Address | ipaddress.IPv6Address
NUMBER = r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?"
"""A text that counts as a number, as a regular expression for the whole of it."""
MOMENT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z"
"""A text that counts as a time, as `moment.to_text` writes it."""

_NUMBER = re.compile(NUMBER)
_MOMENT = re.compile(MOMENT)
_LIKE_ADDRESS = re.compile("[0-9A-Fa-f:.]{2,45}")
"""What may be an address; no zone."""


def scalars(fields: Mapping[str, Value], name: str) -> list[Scalar]:
    """Return the values of a field, none where it is missing."""
    value = fields.get(name)
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def as_text(value: Scalar) -> str:
    """Return a value as the text it is compared as: a truth as `true` or `false`, a number as JSON has it."""
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value) if isinstance(value, int) else orjson.dumps(value).decode()


def as_number(value: Scalar) -> int | float | None:
    """Return the number that a value is or that its text spells, None where it is none or beyond all bounds."""
    if isinstance(value, bool) or (isinstance(value, str) and not _NUMBER.fullmatch(value)):
        return None
    try:
        number = float(value)
    except OverflowError:
        return None
    if not math.isfinite(number):
        return None
    return value if isinstance(value, int) else number


def as_moment(value: Scalar) -> str | None:
    """Return the time that a value is, None where it is not written as all times are."""
    return value if isinstance(value, str) and _MOMENT.fullmatch(value) else None


def as_address(value: Scalar) -> Address | None:
    """Return the address that a value is, None where it is none, or has a zone."""
    if not isinstance(value, str) or not _LIKE_ADDRESS.fullmatch(value):
        return None
    try:
        return plain_address(ipaddress.ip_address(value))
    except ValueError:
        return None


def plain_address(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 one stands for, else the address itself."""
    mapped = address.ipv4_mapped if isinstance(address, ipaddress.IPv6Address) else None
    return address if mapped is None else mapped
