"""Conditions on one value in SQL for DuckDB; every value from the query is a bound parameter."""

import ipaddress
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import takewhile

from sentinel.errors import InputError
from sentinel.model.moment import from_text
from sentinel.store import regex
from sentinel.store.address_range import between
from sentinel.store.tree import ANY, Between, Pattern
from sentinel.store.values import MOMENT, NUMBER
from sentinel.store.words import fold


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL with the values of its parameters, in order."""

    text: str
    values: tuple[object, ...] = ()
    is_costly: bool = False
    """It reads long texts or JSON: better done once and remembered."""


Test = Callable[[str], Sql]
"""Gives the condition on the value that an expression names."""
NEVER = Sql("false")
SEPARATOR = chr(31)
"""The unit separator stands in no id of ours; one that holds it is asked for by itself."""


def like(pattern: Pattern) -> Test:
    """Return the test that a whole value fits the pattern."""
    literal = pattern.literal
    if literal is None:
        return lambda value: Sql(f"compared({value}) LIKE ? ESCAPE '\\'", (_like(pattern),))
    return lambda value: Sql(f"compared({value}) = ?", (fold(literal),))


def fits(expression: regex.Expression) -> Test:
    """Return the test that a whole value fits the expression."""
    written = regex.to_re2(expression)
    return lambda value: Sql(f"regexp_full_match(compared({value}), ?)", (written,))


def word_fits(expression: regex.Expression) -> Test:
    """Return the test that a word of a text fits the expression."""
    written = f" ({regex.to_re2(expression, is_word=True)}) "
    # A text without words has none that is empty, either.
    return lambda value: Sql(
        f"(regexp_matches(words({value}), '[^ ]') AND regexp_matches(words({value}), ?))", (written,), is_costly=True
    )


def lies_between(node: Between, *, is_number: bool = False) -> Test:
    """Return the comparison as numbers where the bounds are numbers, else as texts.

    Where the value `is_number` in DuckDB, it is compared as it is.
    """
    bound = node.high if node.low is None else node.low
    if isinstance(bound, str):
        return lambda value: _bounds(node, value)
    if is_number:
        return lambda value: _bounds(node, value)

    def test(value: str) -> Sql:
        found = _bounds(node, f"try_cast({value} AS DOUBLE)")
        text = f"(regexp_full_match({value}, ?) AND isfinite(try_cast({value} AS DOUBLE)) AND {found.text})"
        return Sql(text, (NUMBER, *found.values))

    return test


def is_at(node: Between) -> Test:
    """Return the comparison with a time that lies in a column of times."""
    low, high = (naive(bound) if isinstance(bound, str) else None for bound in (node.low, node.high))
    return lambda value: _bounds(node, value, low=low, high=high)


def is_at_text(node: Between) -> Test:
    """Return the comparison with a text, which counts if it is written as all times are."""

    def test(value: str) -> Sql:
        found = _bounds(node, value)
        return Sql(f"(regexp_full_match({value}, ?) AND {found.text})", (MOMENT, *found.values))

    return test


def lies_within(low: str, high: str, *, is_listed: bool = False) -> Test:
    """Return the test that an address lies between two others of one version.

    A value in a list is tested by a lambda, which prepares its expressions anew every two thousand records: there those
    for IPv6 stand in another lambda, so that they are only prepared where there is such an address.
    """
    first, last = ipaddress.ip_address(low), ipaddress.ip_address(high)
    prepared = _when_asked if is_listed else _at_once
    if isinstance(first, ipaddress.IPv4Address) and isinstance(last, ipaddress.IPv4Address):
        has_mapped = prepared(_has_key((_MAPPED + first.packed.hex(), _MAPPED + last.packed.hex())))
        # Not joined by `OR`, of which DuckDB tries the other order now and then.
        return lambda value: where_else(
            _is_six(value), where(_may_be_mapped(value), has_mapped(value)), _in_four(value, first, last)
        )
    has_key = _has_key((first.packed.hex(), last.packed.hex()))
    in_six = prepared(
        lambda value: join(" AND ", [has_key(value), Sql(f"NOT starts_with(ip6_key({value}), ?)", (_MAPPED,))])
    )
    return lambda value: where(_is_six(value), in_six(value))


def _in_four(value: str, low: ipaddress.IPv4Address, high: ipaddress.IPv4Address) -> Sql:
    if low == high:
        return Sql(f"{value} = ?", (str(low),))
    # Comparing a beginning is many times as fast as an expression, which is then asked for few.
    begins = Sql(f"starts_with({value}, ?)", (_shared_octets(str(low), str(high)),))
    return where(begins, Sql(f"regexp_full_match({value}, ?)", (between(low, high),)))


def _shared_octets(low: str, high: str) -> str:
    """Return with what all IPv4 addresses between two begin: whole octets and the point after them."""
    shared = takewhile(lambda pair: pair[0] == pair[1], zip(low.split("."), high.split("."), strict=True))
    return "".join(f"{octet}." for octet, _ in shared)


def _is_six(value: str) -> Sql:
    return Sql(f"contains({value}, ':')")


def _may_be_mapped(value: str) -> Sql:
    """Return what holds for every IPv6 address that stands for an IPv4 one, and for few others."""
    return Sql(f"contains(lower({value}), 'ffff:')")


def _has_key(keys: tuple[str, str]) -> Test:
    """Return the test that the key of an IPv6 address lies between two others."""
    return lambda value: Sql(f"coalesce(ip6_key({value}) BETWEEN ? AND ?, false)", keys)


def _when_asked(test: Test) -> Test:
    """Return the same test as a lambda, which is prepared only when it is asked."""
    inner = test("six")
    return lambda value: replace(inner, text=f"list_transform([{value}], lambda six: {inner.text})[1]")


def _at_once(test: Test) -> Test:
    return test


def _bounds(node: Between, value: str, *, low: object = None, high: object = None) -> Sql:
    parts = []
    if node.low is not None:
        parts.append(Sql(f"{value} {'>=' if node.with_low else '>'} ?", (node.low if low is None else low,)))
    if node.high is not None:
        parts.append(Sql(f"{value} {'<=' if node.with_high else '<'} ?", (node.high if high is None else high,)))
    return join(" AND ", parts)


def _like(pattern: Pattern) -> str:
    """Return the folded pattern in SQL's notation, with its own signs escaped."""
    parts = []
    for index, part in enumerate(pattern.parts):
        if index % 2:
            parts.append("%" if part == ANY else "_")
        else:
            parts.append(fold(part).replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_"))
    return "".join(parts)


def join(operator: str, parts: Sequence[Sql]) -> Sql:
    """Return the parts with the operator between them, in parentheses."""
    return Sql(
        "(" + operator.join(part.text for part in parts) + ")",
        tuple(value for part in parts for value in part.values),
        any(part.is_costly for part in parts),
    )


def where(first: Sql, then: Sql) -> Sql:
    """Return that both hold, where `then` is asked only where `first` holds.

    `CASE` does so wherever it stands; `AND` does so only at the top, and tries the other order now and then.
    """
    return where_else(first, then, NEVER)


def where_else(first: Sql, then: Sql, otherwise: Sql) -> Sql:
    """Return that `then` holds where `first` does, and `otherwise` does elsewhere."""
    return Sql(
        f"CASE WHEN {first.text} THEN {then.text} ELSE {otherwise.text} END",
        (*first.values, *then.values, *otherwise.values),
        is_costly=first.is_costly or then.is_costly or otherwise.is_costly,
    )


def naive(text: str) -> datetime:
    """Return the time as the column holds it, UTC without saying so; raise `InputError` where it is none."""
    try:
        return from_text(text).replace(tzinfo=None)
    except ValueError as error:
        raise InputError(f"'{text[:40]}' is not a time with its zone, as in 2026-11-23T08:00:00Z") from error


_MAPPED = "0" * 20 + "f" * 4
"""How the keys of IPv6 addresses begin that stand for IPv4 ones."""
