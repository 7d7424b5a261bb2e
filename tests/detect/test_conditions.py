"""Conditions against a reading that computes the verdict while it writes the text."""

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.detect.condition import chosen_names, parse_condition
from sentinel.detect.tree import Group, Item, Negation, Node, Selection
from sentinel.detect.values import Null
from sentinel.errors import InputError

NAMES = ("sel_a", "sel_b", "sel-c", "notepad", "order", "_hidden", "all", "1")
NAMED: dict[str, Node] = {name: Item(name, ((Null(),),)) for name in NAMES}


@dataclass(frozen=True)
class Written:
    """A condition as text, how loosely it binds, and who of the names must hold for it."""

    text: str
    looseness: int
    verdict: frozenset[frozenset[str]]
    """The sets of names for which it holds."""


WORLDS = [
    frozenset(name for place, name in enumerate(NAMES) if number >> place & 1) for number in range(1 << len(NAMES))
]


def name(text: str) -> Written:
    return Written(text, 0, frozenset(world for world in WORLDS if text in world))


def selector(quantifier: str, pattern: str) -> Written:
    chosen = chosen_names(pattern, NAMED)
    least = {"all": len(chosen), "any": 1}.get(quantifier.lower()) or int(quantifier)
    return Written(f"{quantifier} of {pattern}", 0, frozenset(w for w in WORLDS if len(w & set(chosen)) >= least))


def in_parentheses(inner: Written, looseness: int) -> str:
    return f"({inner.text})" if inner.looseness > looseness else inner.text


def negation(word: str, inner: Written) -> Written:
    return Written(f"{word} {in_parentheses(inner, 1)}", 1, frozenset(WORLDS) - inner.verdict)


def both(word: str, left: Written, right: Written) -> Written:
    text = f"{in_parentheses(left, 2)} {word} {in_parentheses(right, 2)}"
    return Written(text, 2, left.verdict & right.verdict)


def either(word: str, left: Written, right: Written) -> Written:
    return Written(f"{left.text} {word}\n{right.text}", 3, left.verdict | right.verdict)


LEAVES = st.builds(name, st.sampled_from(NAMES)) | st.builds(
    selector, st.sampled_from(["1", "2", "any", "all", "ALL", "Any"]), st.sampled_from(["sel*", "them", "*", "*e*"])
)
CONDITIONS = st.recursive(
    LEAVES,
    lambda inner: (
        st.builds(negation, st.sampled_from(["not", "NOT"]), inner)
        | st.builds(both, st.sampled_from(["and", "AND", "And"]), inner, inner)
        | st.builds(either, st.sampled_from(["or", "OR"]), inner, inner)
    ),
    max_leaves=8,
)


def verdict(node: Node, world: frozenset[str]) -> bool:
    match node:
        case Selection():
            return node.name in world
        case Negation():
            return not verdict(node.part, world)
        case Group():
            return sum(verdict(part, world) for part in node.parts) >= node.at_least
    raise AssertionError(node)


@settings(max_examples=200, deadline=None)
@given(CONDITIONS)
def test_a_condition_means_what_was_written(written: Written) -> None:
    node = parse_condition(written.text, NAMED)
    assert frozenset(world for world in WORLDS if verdict(node, world)) == written.verdict


@given(
    st.lists(st.sampled_from(["and", "or", "not", "of", "1", "all", "them", "(", ")", "sel_a", "sel*", "|", "=", "x"]))
)
def test_any_words_are_a_condition_or_refused(words: list[str]) -> None:
    try:
        parse_condition(" ".join(words), NAMED)
    except InputError as error:
        assert str(error)


@given(st.text(max_size=20))
def test_any_text_is_a_condition_or_refused(text: str) -> None:
    try:
        parse_condition(text, NAMED)
    except InputError as error:
        assert str(error)


@pytest.mark.parametrize("condition", [None, 5, True, ["sel_a"], {"a": "b"}, 1.5])
def test_a_condition_is_a_text(condition: object) -> None:
    with pytest.raises(InputError, match="must be text"):
        parse_condition(condition, NAMED)
