"""An explanation says of every part what the engine says of the whole, and breaks on nothing."""

import json

from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.detect.compile import as_written, holds
from sentinel.detect.facts import Facts
from sentinel.detect.reason import Kind
from sentinel.detect.tree import Group, Item, Negation, Node, Selection
from sentinel.detect.values import (
    Boolean,
    Comparison,
    Exists,
    Expression,
    Network,
    Null,
    Number,
    Reference,
    Text,
    TimePart,
    Value,
)
from sentinel.detect.why import MAX_LINES, Verdict, why

FIELDS = st.sampled_from(["a", "b", "c"])
SCALARS = st.one_of(
    st.text(max_size=5), st.sampled_from(["10.0.0.9", "Ab", "ab", "\ud800", "2026-11-23T08:00:00Z"]), st.integers()
)
SCALARS |= st.floats() | st.booleans()
VALUES: st.SearchStrategy[Value] = st.one_of(
    st.builds(Text, st.lists(st.tuples(st.sampled_from(["a", "AB", None, ""])), min_size=1).map(tuple), st.booleans()),
    st.builds(Expression, st.sampled_from(["a", "^A", "[0-9]+"]), st.sampled_from(["", "i"])),
    st.just(Network("10.0.0.0/8")),
    st.builds(Comparison, st.sampled_from(["lt", "gte"]), st.floats(-5, 5), st.sampled_from(["", "hour"])),
    st.sampled_from([Number("1"), Boolean(True), TimePart("hour", 8)]),
)
ABSENT: st.SearchStrategy[Value] = st.one_of(
    st.just(Null()), st.builds(Exists, st.booleans()), st.builds(Reference, FIELDS, st.booleans(), st.booleans())
)


def choices(values: st.SearchStrategy[Value]) -> st.SearchStrategy[tuple[tuple[Value, ...], ...]]:
    """Return strategies for what an item asks for."""
    return st.lists(st.lists(values, min_size=1, max_size=2).map(tuple), min_size=1, max_size=3).map(tuple)


ITEMS = st.builds(Item, FIELDS, choices(VALUES | ABSENT), st.booleans(), st.booleans())
ITEMS |= st.builds(Item, st.none(), choices(VALUES), st.booleans(), st.just(value=False))
NODES: st.SearchStrategy[Node] = st.recursive(
    ITEMS,
    lambda parts: (
        st.builds(Negation, parts)
        | st.builds(Selection, st.text(max_size=3), parts)
        | st.lists(parts, min_size=1, max_size=3).flatmap(
            lambda found: st.builds(Group, st.just(tuple(found)), st.integers(1, len(found)))
        )
    ),
    max_leaves=6,
)
RECORDS = st.dictionaries(FIELDS, SCALARS | st.lists(st.text(max_size=3), max_size=3), max_size=3)


def leaves(verdict: Verdict) -> list[Verdict]:
    """Return the lines of selections."""
    return [leaf for part in verdict.parts for leaf in leaves(part)] if verdict.parts else [verdict]


@settings(max_examples=300, deadline=None)
@given(node=NODES, record=RECORDS)
def test_an_explanation_agrees_with_the_verdict(node: Node, record: dict[str, str]) -> None:
    facts = Facts(record)
    verdict = why(node, facts, as_written)
    assert verdict.holds is holds(node, facts, as_written)
    assert json.loads(json.dumps(verdict.as_dict()))["pass"] is verdict.holds
    for leaf in leaves(verdict):
        assert leaf.kind is not None
        assert leaf.reason
        negated = leaf.what.startswith("not (")
        assert leaf.holds is ((leaf.kind is Kind.FOUND) is not negated)


def test_a_tree_of_ten_thousand_parts_is_shown_in_part() -> None:
    node = Group(tuple(Item("a", ((Number(str(number)),),)) for number in range(10_000)), 1)
    assert len(why(node, Facts({}), as_written).lines()) <= MAX_LINES + 1
