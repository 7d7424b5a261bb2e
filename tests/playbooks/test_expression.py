"""Conditions are parsed once, hold or do not, and evaluate nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.errors import InputError
from sentinel.playbooks import expression, reference
from sentinel.playbooks.expression import holds, implied, parse

FACTS = {"inputs.a": 5, "inputs.b": "text", "inputs.yes": True, "inputs.no": False}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("inputs.a == 5", True),
        ("inputs.a != 5", False),
        ("inputs.a < 6 and inputs.a > 4", True),
        ("inputs.b == 'text' and not inputs.no", True),
        ("inputs.none == null", True),
        ("inputs.none != null or inputs.yes", True),
        ("not (inputs.yes and inputs.no)", True),
        ("inputs.no or inputs.no and inputs.yes", False),
        ("inputs.a == '5'", False),
        ("inputs.yes == 1", False),
        ("inputs.b < 'u'", True),
        ("inputs.a == 5.0", True),
        ("inputs.none", False),
        ("inputs.b", True),
    ],
)
def test_conditions(text: str, *, expected: bool) -> None:
    assert holds(parse(text), FACTS.get) is expected


@pytest.mark.parametrize("text", ["inputs.none < 3", "inputs.b > 3", "inputs.yes < 3"])
def test_what_has_no_order_is_an_error_not_a_no(text: str) -> None:
    with pytest.raises(InputError, match="needs two"):
        holds(parse(text), FACTS.get)


@pytest.mark.parametrize(
    "text",
    ["", "and", "inputs.a ==", "(inputs.a", "inputs.a)", "a b", "__import__('os')", "inputs.a = 5", "1 2", "not", "'x",
     "inputs.a == 5 == 5", "("*50 + "true" + ")"*50, "true and " * 80 + "true", "x"*600, "inputs.a.__class__()"],
)  # fmt: skip
def test_what_is_no_condition_is_refused(text: str) -> None:
    with pytest.raises(InputError):
        parse(text)


@given(st.text(max_size=80))
def test_no_text_breaks_the_parser(text: str) -> None:
    try:
        holds(parse(text), FACTS.get)
    except InputError:
        return


@given(
    st.lists(st.sampled_from(["and", "or", "not", "(", ")", "true", "inputs.a", "==", "<", "3", "'x'"]), max_size=30)
)
def test_no_order_of_words_breaks_the_parser(words: list[str]) -> None:
    try:
        found = parse(" ".join(words))
    except InputError:
        return
    assert implied(found) <= set(expression.names(found))


def test_what_came_in_is_never_read_again() -> None:
    facts = {"inputs.a": "{{ inputs.b }} ' or true", "inputs.b": "secret"}
    assert reference.parse("got {{ inputs.a }}").text(facts.get) == "got {{ inputs.b }} ' or true"
    assert not holds(parse("inputs.a == 'x'"), facts.get)


def test_a_whole_reference_keeps_its_type() -> None:
    assert reference.parse("{{ inputs.a }}").value({"inputs.a": 5}.get) == 5
    assert reference.parse("{{inputs.a}} of {{ inputs.z }}").value({"inputs.a": 5}.get) == "5 of –"


@given(st.text(max_size=60))
def test_no_text_breaks_the_references(text: str) -> None:
    try:
        filled = reference.parse(text)
    except InputError:
        return
    assert filled.references or filled.text({}.get) == text
