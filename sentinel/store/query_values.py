"""Reads the values and ranges of a query as the types of their fields ask."""

import ipaddress
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from luqum import tree as luqum

from sentinel.errors import InputError
from sentinel.model.ecs import TYPES, type_of
from sentinel.model.moment import to_text
from sentinel.store.tree import Between, Like, Node, Or, Pattern, Within
from sentinel.store.values import Address, plain_address
from sentinel.store.words import is_prose

FIRST_YEAR = 1000
"""Earlier years have no fixed width as text."""

_NUMBER = re.compile(r"-?\d{1,300}(\.\d{1,300})?", re.ASCII)
_PARTIAL_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)


def _number_term(item: luqum.Item, field: str, text: str) -> Node:
    number = _number(item, field, text)
    return Between(field, number, number, with_low=True, with_high=True)


def _date_term(item: luqum.Item, field: str, text: str) -> Node:
    start, end = _moments(item, field, text)
    return Between(field, start, end, with_low=True, with_high=start == end)


def _boolean_term(item: luqum.Item, field: str, text: str) -> Node:
    if text not in ("true", "false"):
        raise fault(item, f"{field} is true or false, not '{text[:40]}'")
    return Like(field, Pattern((text,)))


def _address_term(item: luqum.Item, field: str, text: str) -> Node:
    if (found := _network(field, text)) is None:
        raise fault(item, f"{field} holds addresses; '{text[:60]}' is neither an address nor a network")
    return found


def _unknown_term(_item: luqum.Item, field: str, text: str) -> Node:
    """Return the node for a field without a known type: a text, which may be a network too."""
    whole = Like(field, Pattern((text,)))
    found = _network(field, text) if "/" in text else None
    return whole if found is None else Or((whole, found))


def _network(field: str, text: str) -> Within | None:
    try:
        network = ipaddress.ip_network(text, strict=False)
    except ValueError:
        return None
    return _within(field, network.network_address, network.broadcast_address)


def _within(field: str, first: Address, last: Address) -> Within | None:
    """Return the node for all addresses between two, None where there is none such."""
    if "%" in f"{first}{last}":  # A zone is a name within one machine.
        return None
    low, high = plain_address(first), plain_address(last)
    return Within(field, str(low), str(high)) if low.version == high.version and low <= high else None  # type: ignore[operator]


def between(
    item: luqum.Item, field: str, low: str | None, high: str | None, *, with_low: bool, with_high: bool
) -> Node:
    """Return the node for a range with at least one bound."""
    kind = type_of(field)
    if kind == "boolean" or is_prose(field):
        raise fault(item, f"{field} has no order; search it by its words or values")
    if kind == "date":
        return _dates(item, field, low, high, with_low=with_low, with_high=with_high)
    bounds = [text for text in (low, high) if text is not None]
    if kind in ("long", "float") or (kind in (None, "keyword") and all(map(_is_number, bounds))):
        numbers = [None if text is None else _number(item, field, text) for text in (low, high)]
        return Between(field, numbers[0], numbers[1], with_low=with_low, with_high=with_high)
    if kind == "ip":
        return _addresses(item, field, low, high, with_low=with_low, with_high=with_high)
    return Between(field, low, high, with_low=with_low, with_high=with_high)


def _dates(item: luqum.Item, field: str, low: str | None, high: str | None, *, with_low: bool, with_high: bool) -> Node:
    """Return the range; a bound that names a whole day or year means its first or its last moment, as it must."""
    first = last = None
    if low is not None:
        start, end = _moments(item, field, low)
        # Everything after a whole day begins with the next one.
        first, with_low = (start, True) if with_low else (end, end != start)
    if high is not None:
        start, end = _moments(item, field, high)
        last, with_high = (end, start == end) if with_high else (start, False)
    return Between(field, first, last, with_low=with_low, with_high=with_high)


def _addresses(
    item: luqum.Item, field: str, low: str | None, high: str | None, *, with_low: bool, with_high: bool
) -> Node:
    if low is None or high is None or not (with_low and with_high):
        raise fault(item, f"{field} holds addresses; give both ends, as in [10.0.0.1 TO 10.0.0.9], or a network")
    try:
        found = _within(field, ipaddress.ip_address(low), ipaddress.ip_address(high))
    except ValueError as error:
        raise fault(item, f"{field} holds addresses; {error}") from error
    if found is None:
        raise fault(item, f"{field}: a range goes up, from address to address of one IP version")
    return found


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d{1,300}(\.\d{1,300})?", text, re.ASCII) is not None


def _number(item: luqum.Item, field: str, text: str) -> int | float:
    if not _is_number(text):
        raise fault(item, f"{field} holds numbers, '{text[:40]}' is none")
    number = float(text)
    if not -9.2e18 < number < 9.2e18:
        raise fault(item, f"{field}: {text[:40]} is beyond every number stored")
    return number if "." in text else int(text)


def _moments(item: luqum.Item, field: str, text: str) -> tuple[str, str]:
    """Return the first moment of the time named and that of the next one; both are equal for an exact time."""
    try:
        if (partial := _PARTIAL_DATE.fullmatch(text)) is not None:
            start, end = _whole(*(int(part) if part else None for part in partial.groups()))
        else:
            start = end = datetime.fromisoformat(text)
        return _time_text(start), _time_text(end)
    except (ValueError, OverflowError) as error:
        reason = f"{field} holds times, '{text[:40]}' is none; write 2026-11-23 or 2026-11-23T08:00:00Z"
        raise fault(item, reason) from error


def _time_text(moment: datetime) -> str:
    if moment.year < FIRST_YEAR:
        raise ValueError(f"before {FIRST_YEAR}")
    return to_text(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _whole(year: int | None, month: int | None, day: int | None) -> tuple[datetime, datetime]:
    start = datetime(year or 1, month or 1, day or 1, tzinfo=UTC)
    if day is not None:
        end = start + timedelta(days=1)
    elif month is not None:
        end = (start + timedelta(days=32)).replace(day=1)
    else:
        end = start.replace(year=start.year + 1)
    return start, end


def fault(item: luqum.Item, reason: str, further: int = 0) -> InputError:
    """Return the error that names a place in the query, counted from 1: where `item` begins, and so much further."""
    place = getattr(item, "pos", None)
    return InputError(f"query, character {place + further + 1}: {reason}" if place is not None else f"query: {reason}")


_LITERALS: dict[str, Callable[[luqum.Item, str, str], Node]] = {
    "long": _number_term,
    "float": _number_term,
    "date": _date_term,
    "boolean": _boolean_term,
    "ip": _address_term,
}


def term(item: luqum.Item, field: str, text: str) -> Node | None:
    """Return the node for one value without wildcards, None where it is compared as a text."""
    read = _LITERALS.get(type_of(field) or "") if field in TYPES else _unknown_term
    return None if read is None else read(item, field, text)
