"""The plain reading of a rule's tree: a verdict on one record, item by item.

The index finds the same verdicts faster; this is what it is held against, and what explains them.
"""

from collections.abc import Iterator
from functools import lru_cache

from sentinel.detect.facts import Facts
from sentinel.detect.fieldref import refers
from sentinel.detect.place import Place, Resolver
from sentinel.detect.predicates import check_of
from sentinel.detect.tree import Group, Item, Negation, Node, Selection
from sentinel.detect.values import Exists, Expression, Network, Null, Reference, Value
from sentinel.errors import InputError


@lru_cache(maxsize=65_536)
def as_written(name: str) -> tuple[str, ...]:
    """Resolve a field name to itself."""
    return (name,)


def items(node: Node) -> Iterator[Item]:
    """Yield every item of a tree."""
    match node:
        case Item():
            yield node
        case Selection() | Negation():
            yield from items(node.part)
        case Group():
            for part in node.parts:
                yield from items(part)


def prove(node: Node) -> None:
    """Raise InputError naming a value of the tree that nobody can test."""
    for item in items(node):
        for value in (each for choice in item.values for each in choice):
            if isinstance(value, Expression | Network):
                check_of(value, item.field is None)  # the only kinds that may be wrong
            elif item.field is None and isinstance(value, Null | Exists | Reference):
                raise InputError(f"{type(value).__name__.lower()} needs a field to look at")


def place_of(item: Item, resolve: Resolver, keywords: tuple[str, ...]) -> Place:
    """Return where the values of `item` are looked for."""
    return Place(() if item.field is None else resolve(item.field), keywords)


def holds(node: Node, facts: Facts, resolve: Resolver, keywords: tuple[str, ...] = ()) -> bool:
    """Return whether `node` holds for a record."""
    match node:
        case Item():
            place = place_of(node, resolve, keywords)
            combine = all if node.needs_all else any
            verdict = combine(
                any(value_holds(value, facts, place, resolve) for value in choice) for choice in node.values
            )
            return verdict != node.is_negated
        case Selection():
            return holds(node.part, facts, resolve, keywords)
        case Negation():
            return not holds(node.part, facts, resolve, keywords)
        case Group():
            if node.at_least in (1, len(node.parts)):
                combine = all if node.needs_all else any
                return combine(holds(part, facts, resolve, keywords) for part in node.parts)
            return sum(holds(part, facts, resolve, keywords) for part in node.parts) >= node.at_least


def value_holds(value: Value, facts: Facts, place: Place, resolve: Resolver) -> bool:
    """Return whether the record has `value` at `place`."""
    match value:
        case Null():
            return place.is_absent(facts)
        case Exists():
            return place.is_absent(facts) != value.is_wanted
        case Reference():
            other = Place(resolve(value.field))
            return refers(value, _folded(facts, place), _folded(facts, other))
    check = check_of(value, place.is_keyword)
    return any(map(check.holds, place.read(facts, check.reads)))


def _folded(facts: Facts, place: Place) -> tuple[str, ...]:
    name = facts.first(place.names)
    return () if name is None else facts.folded(name)
