"""Why a rule fired: a second walk over its tree, only for hits, gathers the values that satisfied it."""

from collections.abc import Iterator, Sequence

from sigma.types import SigmaExists, SigmaNull, SigmaString, SigmaType

from sentinel.detect.compile import as_written, compile_node, compile_value, flat_values, place_of
from sentinel.detect.facts import Facts, fold, members, text_of
from sentinel.detect.notation import notation
from sentinel.detect.place import Place, Resolver
from sentinel.detect.tree import Group, Item, Negation, Node, Selection
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
                if node.needs_all or compile_node(part, resolve, keywords)(facts):
                    yield from _walk(part, facts, resolve, keywords, selection)
        case Item():
            if not node.is_negated:
                yield from _item(node, facts, place_of(node, resolve, keywords), selection)


def _item(item: Item, facts: Facts, place: Place, selection: str) -> Iterator[Evidence]:
    field = item.field or ""
    for value in flat_values(item.values):
        if not compile_value(value, place)(facts):
            continue
        found = _value_found(value, facts, place)
        yield Evidence(selection, field, excerpt(found, value), notation(item.field, value))
        if not item.needs_all:
            return


def _value_found(value: SigmaType, facts: Facts, place: Place) -> str:
    """Return the one text that satisfied `value`, or an empty one where its absence did."""
    if isinstance(value, SigmaNull | SigmaExists):
        name = facts.first(place.names)
        return "" if name is None else ", ".join(text_of(member) for member in members(facts.fields[name]))[:2_000]
    if place.is_keyword:
        alone = Place((), as_written, ("message",))
        candidates: Sequence[str] = facts.words(place.keywords)
        test = compile_value(value, alone)
        return next((text for text in candidates if test(Facts({"message": text}))), "")
    name = facts.first(place.names)
    if name is None:
        return ""
    test = compile_value(value, place)
    for member in members(facts.fields[name]):
        if test(Facts({**facts.fields, name: member})):
            return text_of(member)
    return ""


def excerpt(text: str, value: SigmaType) -> str:
    """Return at most `MAX_VALUE_CHARACTERS` of `text`, around what was looked for where that is a plain text."""
    if len(text) <= MAX_VALUE_CHARACTERS:
        return text
    start = 0
    if isinstance(value, SigmaString):
        literal = max((part for part in value.s if isinstance(part, str)), key=len, default="")
        start = max(0, fold(text).find(fold(literal)) - MAX_VALUE_CHARACTERS // 4)
    cut = text[start : start + MAX_VALUE_CHARACTERS - 2]
    before = "…" if start else ""
    after = "…" if start + len(cut) < len(text) else ""
    return f"{before}{cut}{after}"
