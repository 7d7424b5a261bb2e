"""Rules, and parts of rules, that no event can match."""

import re
from collections import defaultdict
from collections.abc import Iterator, Sequence

from sentinel.cli.lint.demand import Demand, conflict, demands
from sentinel.cli.lint.fields import said
from sentinel.cli.lint.issue import Issue
from sentinel.cli.lint.lines import line_of
from sentinel.detect.notation import notation
from sentinel.detect.place import Resolver
from sentinel.detect.rule import Rule
from sentinel.detect.taxonomy import Source
from sentinel.detect.tree import Group, Item, Negation, Node, Selection
from sentinel.detect.values import Number, Text, Value
from sentinel.model.ecs import FIELDS, LISTS

_SMALL = frozenset(
    {"event.kind", "event.category", "event.type", "event.outcome", "event.dataset", "network.transport"}
    | {"url.extension", "url.scheme", "file.extension", "sentinel.egov.certificate_serial"}
)
"""Fields that we fill in small letters, whatever the source writes."""
_NAME = re.compile(r"'(?:not )?([\w.@-]+)(?=[:|'])")
_NUMERIC = frozenset("0123456789.+-einf")
_ADDRESS = frozenset("0123456789abcdef.:%/")


def contradictions(rule: Rule, sources: Sequence[Source]) -> Iterator[Issue]:
    """Yield a fault where no event of any log source matches, and a hint for each part that can never hold."""
    if not sources:
        yield from _told(rule, _reason(rule.condition, None), "")
        return
    reasons: list[str] = []
    dead: set[str] | None = None
    for source in _different(sources):
        reason = _reason(rule.condition, source)
        if reason is None:
            found = set(_dead_parts(rule.condition, source))
            dead = found if dead is None else dead & found
            if not dead:
                return
        else:
            reasons.append(reason)
    if dead is None:
        yield from _told(rule, reasons[0], f" in the logs of {said(rule.log_source)}")
    for part in sorted(dead or ()):
        yield _issue(rule, f"a part of it never holds: {part}", part, is_grave=False)


def _told(rule: Rule, reason: str | None, where: str) -> Iterator[Issue]:
    if reason is not None:
        yield _issue(rule, f"it never matches{where}: {reason}", reason, is_grave=True)


def _issue(rule: Rule, message: str, reason: str, *, is_grave: bool) -> Issue:
    # The last name in a reason is the rule's own; the first may be what the log source demands.
    place = (_NAME.findall(reason) or ["condition"])[-1]
    return Issue(
        path=rule.path,
        check="never",
        message=message,
        remedy="take one of them away, or put them in different selections joined by 'or'",
        line=line_of(rule.path, rule.info.title, place),
        rule=rule.info.title,
        is_grave=is_grave,
    )


def _different(sources: Sequence[Source]) -> Iterator[Source]:
    """Yield one source of each kind that could make a difference."""
    seen: set[tuple[int, frozenset[tuple[str, frozenset[str]]]]] = set()
    for source in sources:
        key = (id(source.names), frozenset(source.when.items()))
        if key not in seen:
            seen.add(key)
            yield source


def _resolver(source: Source | None) -> Resolver:
    return (lambda name: (name,)) if source is None else source.names.resolve


def _reason(node: Node, source: Source | None) -> str | None:
    """Return why no record of a log source makes `node` hold, or None; what the source itself demands counts too."""
    dead = _dead(node, _resolver(source))
    if dead is not None or source is None:
        return dead
    own = [
        Demand(name, tuple(Number(text) if text.isdigit() else Text(((text,),)) for text in sorted(wanted)), True)
        for name, wanted in source.when.items()
    ]
    return _clash([*own, *demands(node)], _resolver(source))


def _dead(node: Node, resolve: Resolver) -> str | None:
    match node:
        case Selection():
            return _dead(node.part, resolve)
        case Negation():
            return None
        case Item():
            return _dead_item(node, resolve)
        case Group():
            reasons = [reason for part in node.parts if (reason := _dead(part, resolve)) is not None]
            if len(reasons) > len(node.parts) - node.at_least:
                return reasons[0]
            return _opposites(node) or _clash(list(demands(node)), resolve)


def _dead_parts(node: Node, source: Source) -> Iterator[str]:
    """Yield the reasons of parts that never hold although the whole may."""
    resolve = source.names.resolve
    match node:
        case Selection() | Negation():
            yield from _dead_parts(node.part, source)
        case Group():
            for part in node.parts:
                reason = _dead(part, resolve)
                if reason is not None:
                    yield reason
                else:
                    yield from _dead_parts(part, source)
        case Item():
            return


def _opposites(group: Group) -> str | None:
    """Return a reason where a part and its negation are both asked for."""
    if not group.needs_all:
        return None
    wanted = [part for part in group.parts if not isinstance(part, Negation)]
    for part in group.parts:
        if isinstance(part, Negation) and part.part in wanted:
            name = part.part.name if isinstance(part.part, Selection) else "a part"
            return f"'{name}' is asked for and excluded"
    return None


def _clash(found: Sequence[Demand], resolve: Resolver) -> str | None:
    by_place: defaultdict[tuple[str, ...], list[Demand]] = defaultdict(list)
    for demand in found:
        # What a log source demands names record fields, which mostly resolve to themselves.
        names = (demand.field,) if demand.field in FIELDS else resolve(demand.field)
        by_place[names].append(demand)
    for names, together in by_place.items():
        if len(together) > 1:
            reason = conflict(together, is_list=any(name in LISTS for name in names))
            if reason is not None:
                return reason
    return None


def _dead_item(item: Item, resolve: Resolver) -> str | None:
    """Return why nothing that a field can hold is what an item asks for."""
    if item.field is None or item.is_negated:
        return None
    names = resolve(item.field)
    choices = [all(_is_impossible(value, names) for value in choice) for choice in item.values]
    if not (any(choices) if item.needs_all else all(choices)):
        return None
    place = next(index for index, is_dead in enumerate(choices) if is_dead)
    kind = FIELDS[names[0]][0]
    what = {"ip": "an address", "boolean": "true or false", "keyword": "always in small letters"}.get(kind, "a number")
    return f"'{notation(item.field, item.values[place][0])}' cannot be: {names[0]} is {what}"


def _is_impossible(value: Value, names: tuple[str, ...]) -> bool:
    if not isinstance(value, Text) or not all(name in FIELDS for name in names):
        return False
    literal = "".join(part or "" for piece in value.pieces for part in piece)
    return all(_never_holds(literal, value, name) for name in names)


def _never_holds(literal: str, value: Text, name: str) -> bool:
    """Return whether a field's type rules out a text; wildcards may stand for anything else of the type."""
    match FIELDS[name][0]:
        case "long" | "float":
            return not set(literal.lower()) <= _NUMERIC
        case "ip":
            return not set(literal.lower()) <= _ADDRESS
        case "boolean":
            return len(value.pieces) == 1 and None not in value.pieces[0] and literal.lower() not in ("true", "false")
        case "keyword":
            return value.is_cased and name in _SMALL and literal != literal.lower()
    return False
