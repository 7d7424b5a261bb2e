"""Turns a search into the Elasticsearch query DSL, with exactly the meaning of the tree; the scope is always inside."""

import ipaddress
import math
from collections.abc import Callable, Sequence
from typing import Any

from sentinel.errors import InputError
from sentinel.model.agency import Scope
from sentinel.model.ecs import TYPES
from sentinel.model.moment import from_text, to_text
from sentinel.model.search import Search
from sentinel.store.elastic import clauses
from sentinel.store.elastic.clauses import EVERYTHING, NOTHING, Clause, either
from sentinel.store.elastic.mapping import (
    FIRST_MOMENT,
    LAST_MOMENT,
    OTHER_WORDS,
    PAIRS,
    PROSE,
    text_field,
    words_field,
)
from sentinel.store.elastic.tokens import ADDRESS, MOMENT, NUMBER, PRESENT, RAW, address_key, number_key
from sentinel.store.phrases import phrase
from sentinel.store.query import parse
from sentinel.store.tree import (
    And,
    Between,
    Contains,
    Everything,
    Exists,
    Free,
    Leaf,
    Like,
    Node,
    Not,
    Or,
    Pattern,
    Regex,
    Within,
)
from sentinel.store.values import Address
from sentinel.store.words import FREE_TEXT

TIME, AGENCY, EVENT_ID = "@timestamp", "organization.id", "event.id"
MAX_AGENCIES = 50_000
"""In one scope; Elasticsearch takes 65,536 terms."""
Number = int | float


def query(search: Search) -> Clause:
    """Return the query for scope, time and words; raise `InputError` for a wrong query."""
    parts = [scope_clause(search.scope)]
    start, end = _moment(search.start), _moment(search.end)
    if start is not None or end is not None:
        parts.append(_times(TIME, Between(TIME, start, end, with_low=True, with_high=False)))
    tree = parse(search.query)
    if not isinstance(tree, Everything):
        parts.append(node(tree))
    return NOTHING if NOTHING in parts else {"bool": {"filter": parts}}


def scope_clause(scope: Scope) -> Clause:
    """Return that the record belongs to one of the agencies; an empty scope sees nothing."""
    if len(scope) > MAX_AGENCIES:
        raise InputError(f"a search over {len(scope)} agencies at once; at most {MAX_AGENCIES} are possible")
    return {"terms": {AGENCY: sorted(scope)}} if scope else NOTHING


def node(tree: Node) -> Clause:
    """Return the clause for a tree."""
    match tree:
        case Everything():
            return EVERYTHING
        case And(items):
            return {"bool": {"filter": [node(item) for item in items]}}
        case Or(items):
            return either([node(item) for item in items])
        case Not(item):
            return {"bool": {"must_not": [node(item)]}}
    return _leaf(tree)


def _leaf(leaf: Leaf) -> Clause:
    match leaf:
        case Free(pattern):
            return _words([*(words_field(name) for name in FREE_TEXT if name in PROSE), OTHER_WORDS], pattern)
        case Contains(field, pattern):
            return _words([words_field(field)], pattern)
        case Exists(field):
            return _exists(field)
        case Like(field, pattern):
            return _like(field, clauses.folded(pattern))
        case Regex(field, expression) if field in PROSE:
            return clauses.word_regex(words_field(field), expression)
        case Regex():
            return _regex(leaf)
        case Between(field):
            return _between(leaf)
        case Within(field, low, high):
            return _within(field, ipaddress.ip_address(low), ipaddress.ip_address(high))


def _words(paths: Sequence[str], pattern: Pattern) -> Clause:
    wanted = phrase(pattern)
    return either([clauses.beside_each_other(path, wanted) for path in paths]) if wanted else NOTHING


def _exists(field: str) -> Clause:
    if field == EVENT_ID:
        return EVERYTHING
    if field in PROSE:
        return {"exists": {"field": words_field(field)}}
    token: Clause = {"term": {PAIRS: {"value": field + PRESENT}}}
    return either([{"exists": {"field": field}}, token]) if field in TYPES else token


def _like(field: str, wanted: Pattern) -> Clause:
    match TYPES.get(field):
        case None:
            own = clauses.raw_like(field, wanted)
        case "boolean":
            own = clauses.boolean_like(field, wanted)
        case "keyword":
            own = clauses.own_like(field, wanted)
        case _:
            own = clauses.own_like(text_field(field), wanted)
    return either([own, clauses.folded_like(field, wanted)])


def _regex(leaf: Regex) -> Clause:
    field, expression = leaf.field, leaf.expression
    match TYPES.get(field):
        case None:
            own = clauses.raw_regex(field, expression)
        case "boolean":
            own = clauses.boolean_regex(field, expression)
        case "keyword":
            own = clauses.own_regex(field, expression)
        case _:
            own = clauses.own_regex(text_field(field), expression)
    return either([own, clauses.folded_regex(field, expression)])


def _between(leaf: Between) -> Clause:
    kind = TYPES.get(leaf.field)
    if kind == "date":
        return either([_times(leaf.field, leaf), _tokens_between(leaf, MOMENT, str)])
    if isinstance(leaf.high if leaf.low is None else leaf.low, str):
        own = _range(leaf.field, leaf.low, leaf.high, leaf) if kind == "keyword" else NOTHING
        return either([own, _tokens_between(leaf, RAW, str)])
    own = _numbers(leaf, is_whole=kind == "long") if kind in ("long", "float") else NOTHING
    return either([own, _tokens_between(leaf, NUMBER, number_key)])


def _range(path: str, low: object, high: object, leaf: Between) -> Clause:
    bounds: dict[str, object] = {}
    if low is not None:
        bounds["gte" if leaf.with_low else "gt"] = low
    if high is not None:
        bounds["lte" if leaf.with_high else "lt"] = high
    return {"range": {path: bounds}}


def _tokens_between(leaf: Between, sign: str, key: Callable[[Any], str]) -> Clause:
    """Return that a token of the field lies between; without a bound at the first or last token of its sign."""
    bounds: dict[str, str] = {}
    low, high = (None if bound is None else key(bound) for bound in (leaf.low, leaf.high))
    begin, after = leaf.field + sign, leaf.field + chr(ord(sign) + 1)
    bounds["gte" if leaf.with_low or low is None else "gt"] = begin + (low or "")
    if high is None:
        bounds["lt"] = after
    else:
        bounds["lte" if leaf.with_high else "lt"] = begin + high
    return {"range": {PAIRS: bounds}}


def _times(field: str, leaf: Between) -> Clause:
    """Return the range on a field of nanoseconds since 1970, which takes no bounds beyond them."""
    low, high = leaf.low, leaf.high
    if (high is not None and str(high) < FIRST_MOMENT) or (low is not None and str(low) > LAST_MOMENT):
        return NOTHING
    low = None if low is None or str(low) < FIRST_MOMENT else low
    high = None if high is None or str(high) > LAST_MOMENT else high
    return {"exists": {"field": field}} if low is None and high is None else _range(field, low, high, leaf)


def _numbers(leaf: Between, *, is_whole: bool) -> Clause:
    """Return the range with bounds that mean the same as whole or as floating numbers, exactly."""
    bounds: dict[str, Number] = {}
    if isinstance(leaf.low, int | float):
        name, bound = _low(leaf.low, with_bound=leaf.with_low, is_whole=is_whole)
        bounds[name] = bound
    if isinstance(leaf.high, int | float):
        name, bound = _high(leaf.high, with_bound=leaf.with_high, is_whole=is_whole)
        bounds[name] = bound
    return {"range": {leaf.field: bounds}}


def _low(bound: Number, *, with_bound: bool, is_whole: bool) -> tuple[str, Number]:
    if is_whole:
        return "gte", math.ceil(bound) if with_bound else math.floor(bound) + 1
    nearest = float(bound)
    return "gte" if (with_bound if nearest == bound else nearest > bound) else "gt", nearest


def _high(bound: Number, *, with_bound: bool, is_whole: bool) -> tuple[str, Number]:
    if is_whole:
        return "lte", math.floor(bound) if with_bound else math.ceil(bound) - 1
    nearest = float(bound)
    return "lte" if (with_bound if nearest == bound else nearest < bound) else "lt", nearest


_MAPPED = ipaddress.IPv6Network("::ffff:0:0/96")
"""Where every IPv4 address lies for Elasticsearch; for us it is none of the IPv6 ones."""


def _within(field: str, low: Address, high: Address) -> Clause:
    keys = [f"{field}{ADDRESS}{address_key(end)}" for end in (low, high)]
    found: list[Clause] = [{"range": {PAIRS: {"gte": keys[0], "lte": keys[1]}}}]
    if TYPES.get(field) == "ip":
        found += [{"range": {field: {"gte": first, "lte": last}}} for first, last in _ranges(low, high)]
    return either(found)


def _ranges(low: Address, high: Address) -> list[tuple[str, str]]:
    """Return the range as texts, around the IPv4 addresses where it is one of IPv6."""
    if not isinstance(low, ipaddress.IPv6Address) or not isinstance(high, ipaddress.IPv6Address):
        return [(str(low), str(high))]
    first, last = _MAPPED.network_address, _MAPPED.broadcast_address
    parts = [(low, min(high, first - 1)), (max(low, last + 1), high)]
    return [(str(start), str(end)) for start, end in parts if start <= end]


def _moment(text: str | None) -> str | None:
    if text is None:
        return None
    try:
        return to_text(from_text(text))
    except (ValueError, OverflowError) as error:
        raise InputError(f"'{text[:40]}' is not a time with its zone, as in 2026-11-23T08:00:00Z") from error
