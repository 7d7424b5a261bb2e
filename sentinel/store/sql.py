"""Turns the query tree into SQL for DuckDB; every value from the query is a bound parameter."""

import ipaddress
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime

from sentinel.errors import InputError
from sentinel.model.agency import Scope
from sentinel.model.ecs import LISTS
from sentinel.model.moment import from_text
from sentinel.model.search import Search
from sentinel.store.columns import AGENCY, EVENT_ID, ID, KINDS, PROMOTED, REST, TIME
from sentinel.store.query import parse
from sentinel.store.tree import (
    ANY,
    And,
    Between,
    Contains,
    Everything,
    Exists,
    Free,
    Like,
    Node,
    Not,
    Or,
    Pattern,
    Within,
)

MACROS = (
    "CREATE MACRO fold(x) AS replace(strip_accents(lower(x)), 'đ', 'd')",
    """CREATE MACRO rest_values(j, p) AS CASE json_type(j, p)
       WHEN 'ARRAY' THEN CAST(json_extract(j, p) AS VARCHAR[]) ELSE [json_extract_string(j, p)] END""",
    """CREATE MACRO ip4_key(x) AS list_aggregate(list_transform(string_split(x, '.'),
       lambda part: lower(lpad(to_hex(try_cast(part AS UTINYINT)), 2, '0'))), 'string_agg', '')""",
    "CREATE MACRO ip6_part(x) AS CASE x WHEN '' THEN CAST([] AS VARCHAR[]) ELSE string_split(x, ':') END",
    """CREATE MACRO ip6_key(x) AS list_aggregate(list_transform(
       ip6_part(split_part(x, '::', 1))
       || list_transform(range(CASE WHEN contains(x, '::') THEN 8 - len(ip6_part(split_part(x, '::', 1)))
          - len(ip6_part(split_part(x, '::', 2))) ELSE 0 END), lambda missing: '0')
       || (CASE WHEN contains(x, '::') THEN ip6_part(split_part(x, '::', 2)) ELSE CAST([] AS VARCHAR[]) END),
       lambda part: lpad(part, 4, '0')), 'string_agg', '')""",
    "CREATE MACRO ip_key(x) AS CASE WHEN contains(x, ':') THEN ip6_key(lower(x)) ELSE ip4_key(x) END",
)
"""What the conditions below call: `fold` forgets case and accents; `ip_key` orders addresses, 8 or 32 digits."""

FREE_TEXT: tuple[str, ...] = (
    "event.original",
    "message",
    "process.command_line",
    "process.executable",
    "url.original",
    "file.path",
    "host.name",
    "user.name",
    "source.ip",
    "dns.question.name",
    "event.action",
    "error.message",
)
"""Where a word without a field is looked for."""


@dataclass(frozen=True, slots=True)
class Sql:
    """A piece of SQL with the values of its parameters, in order."""

    text: str
    values: tuple[object, ...] = ()
    is_costly: bool = False
    """It reads long texts or JSON: better done once and remembered."""


def condition(search: Search, misfits: frozenset[str]) -> Sql:
    """Return the condition for scope, time and query; raise `InputError` for a wrong query.

    In `misfits` are the promoted fields that some record keeps in the rest.
    """
    parts = [_scope(search.scope)]
    if search.start is not None:
        parts.append(Sql(f'"{TIME}" >= ?', (_naive(search.start),)))
    if search.end is not None:
        parts.append(Sql(f'"{TIME}" < ?', (_naive(search.end),)))
    tree = parse(search.query)
    if not isinstance(tree, Everything):
        parts.append(_Translation(misfits).node(tree, is_negated=False))
    return _join(" AND ", parts)


def _scope(scope: Scope) -> Sql:
    agencies = sorted(scope)
    if not agencies:
        return Sql("false")
    return Sql(f'"{AGENCY}" IN ({", ".join("?" * len(agencies))})', tuple(agencies))


Test = Callable[[str], Sql]
"""Gives the condition on the value that an expression names."""


class _Translation:
    def __init__(self, misfits: frozenset[str]) -> None:
        self._misfits = misfits

    def node(self, node: Node, *, is_negated: bool) -> Sql:
        """Return the condition; below a negation every part is true or false, never NULL."""
        match node:
            case Everything():
                return Sql("true")
            case And(items):
                return _join(" AND ", [self.node(item, is_negated=is_negated) for item in items])
            case Or(items):
                return _join(" OR ", [self.node(item, is_negated=is_negated) for item in items])
            case Not(item):
                inner = self.node(item, is_negated=True)
                return replace(inner, text=f"(NOT {inner.text})")
        found = self._leaf(node)
        return replace(found, text=f"coalesce({found.text}, false)") if is_negated else found

    def _leaf(self, node: Free | Exists | Contains | Like | Between | Within) -> Sql:
        match node:
            case Free(pattern):
                return _join(" OR ", [_text_test(pattern, is_part=True)(_quoted(name)) for name in FREE_TEXT])
            case Exists(field):
                return self._exists(field)
            case Contains(field, pattern) | Like(field, pattern):
                test = _text_test(pattern, is_part=isinstance(node, Contains))
                return self._any_value(field, test, test)
            case Between(field, low, high):
                in_column = _dates_test(node) if KINDS.get(field) == "date" else _between_test(node, field)
                return self._any_value(field, in_column, _between_test(node), is_text=False)
            case Within(field, low, high):
                test = _within_test(low, high)
                return self._any_value(field, test, test)

    def _exists(self, field: str) -> Sql:
        if field == EVENT_ID:
            return Sql("true")
        in_rest = Sql(f'json_type("{REST}", ?) IS NOT NULL', (_pointer(field),))
        if field not in KINDS:
            return in_rest
        in_column = Sql(f"{_quoted(field)} IS NOT NULL")
        return _join(" OR ", [in_column, in_rest]) if field in self._misfits else in_column

    def _any_value(self, field: str, in_column: Test, in_rest: Test, *, is_text: bool = True) -> Sql:
        """Return that one of the field's values passes, wherever they are kept."""
        if field == EVENT_ID:
            return in_column(f'"{ID}"')
        if field not in KINDS:
            return _rest(field, in_rest)
        column = _column(field, in_column, is_text=is_text)
        return _join(" OR ", [column, _rest(field, in_rest)]) if field in self._misfits else column


def _column(field: str, test: Test, *, is_text: bool) -> Sql:
    kind = KINDS[field]
    if field in LISTS:
        inner = test("CAST(v AS VARCHAR)" if is_text and kind in ("long", "float") else "v")
        return replace(inner, text=f"list_bool_or(list_transform({_quoted(field)}, lambda v: {inner.text}))")
    if is_text and kind == "date":
        return test(f"strftime({_quoted(field)}, '%Y-%m-%dT%H:%M:%S.%fZ')")
    if is_text and kind in ("long", "float", "boolean"):
        return test(f"CAST({_quoted(field)} AS VARCHAR)")
    return test(_quoted(field))


def _rest(field: str, test: Test) -> Sql:
    inner = test("v")
    # Most records do not have the field: looking for its name is far cheaper than reading JSON.
    text = (
        f'(contains("{REST}", ?) AND coalesce(list_bool_or(list_transform('
        f'rest_values("{REST}", ?), lambda v: {inner.text})), false))'
    )
    return Sql(text, (f"{json.dumps(field)}:", _pointer(field), *inner.values), is_costly=True)


def _text_test(pattern: Pattern, *, is_part: bool) -> Test:
    if is_part:
        return _part_test(pattern)
    literal = pattern.literal
    if literal is None:
        return lambda value: Sql(f"fold({value}) LIKE fold(?) ESCAPE '\\'", (_like(pattern),))
    return lambda value: Sql(f"fold({value}) = fold(?)", (literal,))


def _part_test(pattern: Pattern) -> Test:
    """Return the test on long texts: `fold` is slow, and on a text of ASCII alone it does what `lower` does."""
    literal = pattern.literal
    wanted = literal if literal is not None else f"%{_like(pattern)}%"
    form = "contains({text}, fold(?))" if literal is not None else "{text} LIKE fold(?) ESCAPE '\\'"

    def test(value: str) -> Sql:
        plain, folded = form.format(text=f"lower({value})"), form.format(text=f"fold({value})")
        text = f"({plain} OR (strlen({value}) <> length({value}) AND {folded}))"
        return Sql(text, (wanted, wanted), is_costly=True)

    return test


def _between_test(node: Between, column: str | None = None) -> Test:
    """Return the comparison as numbers where the bounds are numbers, else as texts."""
    bounds = [bound for bound in (node.low, node.high) if bound is not None]
    is_text = any(isinstance(bound, str) for bound in bounds)
    has_numbers = column is not None and KINDS.get(column) in ("long", "float")

    def test(value: str) -> Sql:
        if is_text:
            return _bounds(node, f"fold({value})", "fold(?)")
        return _bounds(node, value if has_numbers else f"try_cast({value} AS DOUBLE)", "?")

    return test


def _dates_test(node: Between) -> Test:
    low, high = (_naive(bound) if isinstance(bound, str) else None for bound in (node.low, node.high))
    return lambda value: _bounds(node, value, "?", low=low, high=high)


def _bounds(node: Between, value: str, place: str, *, low: object = None, high: object = None) -> Sql:
    parts = []
    if node.low is not None:
        parts.append(Sql(f"{value} {'>=' if node.with_low else '>'} {place}", (node.low if low is None else low,)))
    if node.high is not None:
        parts.append(Sql(f"{value} {'<=' if node.with_high else '<'} {place}", (node.high if high is None else high,)))
    return _join(" AND ", parts)


def _within_test(low: str, high: str) -> Test:
    first, last = _ip_key(low), _ip_key(high)
    return lambda value: Sql(
        f"(ip_key({value}) BETWEEN ? AND ? AND length(ip_key({value})) = ?)", (first, last, len(first))
    )


def _ip_key(address: str) -> str:
    return ipaddress.ip_address(address).packed.hex()


def _like(pattern: Pattern) -> str:
    """Return the pattern in SQL's notation, with its own signs escaped."""
    parts = []
    for index, part in enumerate(pattern.parts):
        if index % 2:
            parts.append("%" if part == ANY else "_")
        else:
            parts.append(part.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_"))
    return "".join(parts)


def _join(operator: str, parts: Sequence[Sql]) -> Sql:
    return Sql(
        "(" + operator.join(part.text for part in parts) + ")",
        tuple(value for part in parts for value in part.values),
        any(part.is_costly for part in parts),
    )


def _quoted(name: str) -> str:
    if name not in KINDS:
        raise ValueError(f"{name!r} is no column")
    return f'"{name}"'


def _pointer(field: str) -> str:
    return "/" + field.replace("~", "~0").replace("/", "~1")


def _naive(text: str) -> datetime:
    """Return the time as the column holds it: UTC without saying so."""
    try:
        return from_text(text).replace(tzinfo=None)
    except ValueError as error:
        raise InputError(f"'{text[:40]}' is not a time with its zone, as in 2026-11-23T08:00:00Z") from error


COLUMNS = ", ".join(f'"{name}"' for name in (ID, *PROMOTED, REST))
"""The columns of a record, in the order `columns.unpack` takes them."""
