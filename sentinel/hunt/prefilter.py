"""The query that finds, in the store, every record on which one of some rules may fire.

It is never narrower than the rules: what cannot be said in the query language, or only narrower, is left to the engine
that looks at each record found. The shape comes from the rule as Sentinel compiled it, because pySigma reads some
conditions differently (`not epad` for a selection called `notepad`), and because filters and pipelines are in it.
"""

from collections.abc import Iterable, Iterator, Sequence

from sentinel.detect.rule import LogSource, Rule
from sentinel.detect.taxonomy import Family, Names, Source
from sentinel.detect.tree import Group, Item, Negation, Node, Selection
from sentinel.errors import InputError
from sentinel.hunt.leaf import query_for
from sentinel.store.query import parse

EVERYTHING = "*"
LONG = "sentinel.long:true"
"""Records with values longer than stores compare: the engine looks at each of them."""


def prefilter(rules: Iterable[Rule], families: Sequence[Family], within: str = EVERYTHING) -> str:
    """Return a query for the records that one of `rules` may fire on, among those that `within` finds.

    Where it would be longer than the query language allows it asks for less of each rule, in the end for everything.
    """
    wanted = list(rules)
    for shape in (_whole, _log_sources):
        clauses = list(dict.fromkeys(clause for rule in wanted for clause in shape(rule, families)))
        if EVERYTHING in clauses:
            continue
        query = _both(within, f"({_either([*clauses, LONG])})" if clauses else LONG)
        if _is_allowed(query):
            return query
    return within


def _whole(rule: Rule, families: Sequence[Family]) -> Iterator[str]:
    """Yield for each log source of the rule what it asks there."""
    for family, source in _sources(rule.log_source, families):
        asked = _asked(rule.condition, source.names)
        place = _place(family, source)
        yield place if asked is None else f"({place} AND {asked})"


def _log_sources(rule: Rule, families: Sequence[Family]) -> Iterator[str]:
    for family, source in _sources(rule.log_source, families):
        yield _place(family, source)


def _sources(wanted: LogSource, families: Sequence[Family]) -> Iterator[tuple[Family, Source]]:
    for family in families:
        for source in family.sources:
            if wanted.fits(source.offered):
                yield family, source


def _place(family: Family, source: Source) -> str:
    """Return the query for the records of a log source."""
    datasets = _either([f"event.dataset:{each if each.endswith('.*') else _quoted(each)}" for each in family.datasets])
    parts = [f"({datasets})"]
    for name, texts in source.when.items():
        if all(text.isascii() for text in texts):
            clauses = [f"{name}:{_quoted(text)}" for text in sorted(texts)]
            parts += [f"({_either(clauses)})"] if all(map(_is_allowed, clauses)) else []
    return parts[0] if len(parts) == 1 else f"({' AND '.join(parts)})"


def _asked(node: Node, names: Names) -> str | None:
    """Return a query that holds wherever `node` does, None where none is known that says anything."""
    match node:
        case Selection(_, part):
            return _asked(part, names)
        case Negation():
            # The opposite of a query that finds too much finds too little.
            return None
        case Group(parts):
            found = [_asked(part, names) for part in parts]
            return _all(found) if node.needs_all else _any(found)
        case Item(None):
            return None
        case Item(field, values, needs_all, is_negated):
            if is_negated or field is None:
                return None
            choices = [
                _any([query_for(name, value) for value in choice for name in names.resolve(field)]) for choice in values
            ]
            return _all(choices) if needs_all else _any(choices)


def _all(found: Sequence[str | None]) -> str | None:
    known = list(dict.fromkeys(each for each in found if each is not None))
    if len(known) < 2:
        return known[0] if known else None
    return f"({' AND '.join(known)})"


def _any(found: Sequence[str | None]) -> str | None:
    known = list(dict.fromkeys(each for each in found if each is not None))
    if len(known) < len(set(found)) or not known:
        return None
    return known[0] if len(known) == 1 else f"({_either(known)})"


def _both(one: str, other: str) -> str:
    return other if one == EVERYTHING else f"({one}) AND {other}"


def _either(clauses: Sequence[str]) -> str:
    return " OR ".join(clauses)


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _is_allowed(query: str) -> bool:
    try:
        parse(query)
    except InputError:
        return False
    return True
