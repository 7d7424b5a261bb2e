"""Why a rule fired: a second walk over its tree, only for hits, gathers the values that satisfied it."""

from collections.abc import Iterator

from sentinel.detect.check import Reads
from sentinel.detect.compile import holds, place_of, value_holds
from sentinel.detect.facts import Facts, fold, members, text_of
from sentinel.detect.fieldref import refers
from sentinel.detect.notation import notation
from sentinel.detect.place import Place, Resolver
from sentinel.detect.predicates import check_of
from sentinel.detect.tree import Group, Item, Negation, Node, Selection
from sentinel.detect.values import Exists, Null, Reference, Text, Value
from sentinel.model.match import Evidence

MAX_EVIDENCE = 50
MAX_VALUE_CHARACTERS = 1_000


def explain(node: Node, facts: Facts, resolve: Resolver, keywords: tuple[str, ...] = ()) -> tuple[Evidence, ...]:
    """Return what in `facts` made `node` hold, at most `MAX_EVIDENCE` pieces; exclusions leave no evidence."""
    found: list[Evidence] = []
    for evidence in _walk(node, facts, resolve, keywords, ""):
        if evidence not in found:
            found.append(evidence)
        if len(found) == MAX_EVIDENCE:
            break
    return tuple(found)


def _walk(node: Node, facts: Facts, resolve: Resolver, keywords: tuple[str, ...], selection: str) -> Iterator[Evidence]:
    match node:
        case Selection():
            yield from _walk(node.part, facts, resolve, keywords, node.name)
        case Negation():
            return
        case Group():
            for part in node.parts:
                if node.needs_all or holds(part, facts, resolve, keywords):
                    yield from _walk(part, facts, resolve, keywords, selection)
        case Item():
            if not node.is_negated:
                yield from _item(node, facts, place_of(node, resolve, keywords), resolve, selection)


def _item(item: Item, facts: Facts, place: Place, resolve: Resolver, selection: str) -> Iterator[Evidence]:
    for choice in item.values:
        for value in choice:
            found = _value_found(value, facts, place, resolve)
            if found is None:
                continue
            yield Evidence(selection, item.field or "", excerpt(found, value), notation(item.field, value))
            if not item.needs_all:
                return
            break


def _value_found(value: Value, facts: Facts, place: Place, resolve: Resolver) -> str | None:
    """Return the one text that satisfied `value`, an empty one where its absence did, None where nothing does."""
    if isinstance(value, Null | Exists):
        if not value_holds(value, facts, place, resolve):
            return None
        name = facts.first(place.names)
        return "" if name is None else ", ".join(text_of(member) for member in members(facts.fields[name]))[:2_000]
    if isinstance(value, Reference):
        name, other = facts.first(place.names), facts.first(resolve(value.field))
        if name is None or other is None:
            return None
        pairs = zip(members(facts.fields[name]), facts.folded(name), strict=True)
        return next((text_of(kept) for kept, text in pairs if refers(value, [text], facts.folded(other))), None)
    check = check_of(value, place.is_keyword)
    as_found = place.read(facts, Reads.TEXT)
    return next(
        (
            text_of(kept)
            for kept, read in zip(as_found, place.read(facts, check.reads), strict=False)
            if check.holds(read)
        ),
        None,
    )


def excerpt(text: str, value: Value) -> str:
    """Return at most `MAX_VALUE_CHARACTERS` of `text`, around what was looked for where that is a plain text."""
    if len(text) <= MAX_VALUE_CHARACTERS:
        return text
    start = 0
    if isinstance(value, Text):
        literal = max((part or "" for piece in value.pieces for part in piece), key=len, default="")
        start = max(0, fold(text).find(fold(literal)) - MAX_VALUE_CHARACTERS // 4)
    cut = text[start : start + MAX_VALUE_CHARACTERS - 2]
    before = "…" if start else ""
    after = "…" if start + len(cut) < len(text) else ""
    return f"{before}{cut}{after}"
