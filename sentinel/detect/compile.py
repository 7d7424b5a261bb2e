"""A rule's tree becomes one function from facts to a verdict, with field names resolved beforehand."""

from collections.abc import Iterable, Sequence

from sigma.types import (
    SigmaCasedString,
    SigmaExists,
    SigmaExpansion,
    SigmaNull,
    SigmaNumber,
    SigmaRegularExpression,
    SigmaString,
    SigmaType,
)

from sentinel.detect.facts import Facts
from sentinel.detect.place import Place, Resolver, Test
from sentinel.detect.predicates import PREDICATES
from sentinel.detect.predicates.regex import any_expression
from sentinel.detect.predicates.strings import any_string
from sentinel.detect.tree import Group, Item, Negation, Node, Selection
from sentinel.errors import InputError


def as_written(name: str) -> tuple[str, ...]:
    """Resolve a field name to itself."""
    return (name,)


def compile_node(node: Node, resolve: Resolver, keywords: tuple[str, ...] = ()) -> Test:
    """Return the test of `node`; raise InputError naming a value nobody can test."""
    match node:
        case Item():
            return _item(node, resolve, keywords)
        case Selection():
            return compile_node(node.part, resolve, keywords)
        case Negation():
            test = compile_node(node.part, resolve, keywords)
            return lambda facts: not test(facts)
        case Group():
            parts = sorted(node.parts, key=cost) if node.needs_all else node.parts
            tests = [compile_node(part, resolve, keywords) for part in parts]
            return all_of(tests) if node.needs_all else any_of(tests)


def place_of(item: Item, resolve: Resolver, keywords: tuple[str, ...]) -> Place:
    """Return where the values of `item` are looked for."""
    names = () if item.field is None else resolve(item.field)
    return Place(names, resolve, keywords)


def compile_value(value: SigmaType, place: Place) -> Test:
    """Return the test of one value; raise InputError for a kind that no predicate tests."""
    if isinstance(value, SigmaExpansion):
        return _any_value(value.values, place)
    build = PREDICATES.get(type(value))
    if build is None:
        raise InputError(f"values of kind {type(value).__name__} cannot be tested on a record")
    return build(value, place)


def flat_values(values: Iterable[SigmaType]) -> list[SigmaType]:
    """Return `values` with every expansion replaced by what it stands for."""
    flat: list[SigmaType] = []
    for value in values:
        flat.extend(flat_values(value.values) if isinstance(value, SigmaExpansion) else [value])
    return flat


def _item(item: Item, resolve: Resolver, keywords: tuple[str, ...]) -> Test:
    place = place_of(item, resolve, keywords)
    if item.needs_all:
        test = all_of([compile_value(value, place) for value in item.values])
    else:
        test = _any_value(item.values, place)
    return (lambda facts: not test(facts)) if item.is_negated else test


def _any_value(values: Sequence[SigmaType], place: Place) -> Test:
    flat = flat_values(values)
    texts = [value for value in flat if isinstance(value, SigmaString) and not isinstance(value, SigmaCasedString)]
    expressions = [value for value in flat if isinstance(value, SigmaRegularExpression)]
    tests = [any_string(texts, place)] if texts else []
    if len(expressions) > 1:
        tests.append(any_expression(expressions, place))
    tested = {id(value) for value in (*texts, *(expressions if len(expressions) > 1 else ()))}
    return any_of([*tests, *(compile_value(value, place) for value in flat if id(value) not in tested)])


def all_of(tests: Sequence[Test]) -> Test:
    """Return a test that holds when all of `tests` do."""
    match tests:
        case [only]:
            return only
        case [first, second]:
            return lambda facts: first(facts) and second(facts)
    together = tuple(tests)

    def every(facts: Facts) -> bool:
        for test in together:  # noqa: SIM110 - a generator costs a third more
            if not test(facts):
                return False
        return True

    return every


def any_of(tests: Sequence[Test]) -> Test:
    """Return a test that holds when any of `tests` does."""
    match tests:
        case [only]:
            return only
        case [first, second]:
            return lambda facts: first(facts) or second(facts)
    together = tuple(tests)

    def some(facts: Facts) -> bool:
        for test in together:  # noqa: SIM110 - a generator costs a third more
            if test(facts):
                return True
        return False

    return some


def cost(node: Node) -> int:
    """Return roughly how dear a node is to test; in a conjunction the cheap and selective come first."""
    match node:
        case Selection():
            return cost(node.part)
        case Negation():
            return 1_000 + cost(node.part)
        case Group():
            return sum(cost(part) for part in node.parts)
        case Item():
            each = max(_value_cost(value) for value in flat_values(node.values) or [SigmaNull()])
            words = 20 if node.field is None else 1
            return words * (each + min(len(node.values), 20)) + (100 if node.is_negated else 0)


def _value_cost(value: SigmaType) -> int:
    match value:
        case SigmaNumber():
            return 0
        case SigmaString():
            return 2 if not value.contains_special() else 10 if len(value.s) <= 2 else 20
        case SigmaNull() | SigmaExists():
            return 40  # cheap, but rarely decides
        case SigmaRegularExpression():
            return 60
    return 50
