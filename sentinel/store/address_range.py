"""IPv4 addresses between two ends as a regular expression of their texts: far cheaper to a search than reading each."""

from collections.abc import Sequence
from ipaddress import IPv4Address

OCTET = r"(?:25[0-5]|2[0-4][0-9]|1[0-9]{2}|[1-9]?[0-9])"
"""Any part of an IPv4 address."""
_LAST = 255


def between(low: IPv4Address, high: IPv4Address) -> str:
    """Return the expression for the addresses from `low` to `high`, both included, to be compared with a whole text."""
    return "|".join(_between(tuple(low.packed), tuple(high.packed)))


def _between(low: Sequence[int], high: Sequence[int]) -> list[str]:
    """Return the alternatives for the parts from `low` to `high`, which are as many."""
    first, last = low[0], high[0]
    if len(low) == 1:
        return [_octet(first, last)]
    if first == last:
        return [f"{first}\\.{rest}" for rest in _between(low[1:], high[1:])]
    zeros, full = (0,) * (len(low) - 1), (_LAST,) * (len(low) - 1)
    found: list[str] = []
    if tuple(low[1:]) != zeros:
        found += [f"{first}\\.{rest}" for rest in _between(low[1:], full)]
        first += 1
    ends: list[str] = []
    if tuple(high[1:]) != full:
        ends = [f"{last}\\.{rest}" for rest in _between(zeros, high[1:])]
        last -= 1
    if first <= last:
        found.append("\\.".join([_octet(first, last), *([OCTET] * len(zeros))]))
    return found + ends


def _octet(low: int, high: int) -> str:
    if (low, high) == (0, _LAST):
        return OCTET
    return str(low) if low == high else f"(?:{'|'.join(str(each) for each in range(low, high + 1))})"
