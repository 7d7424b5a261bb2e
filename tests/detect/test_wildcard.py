"""Wildcards, against a matcher too simple to be wrong, and against texts made to be slow."""

from hypothesis import given
from hypothesis import strategies as st
from sigma.types import SigmaString

from sentinel.detect.facts import fold
from sentinel.detect.predicates.strings import check_of
from sentinel.detect.wildcard import ANY, ONE, matcher, pattern

LETTERS = st.text(alphabet="aAbB.\n*?\\ộΣς[", max_size=12)
PATTERNS = st.text(alphabet="aAbB.\n*?\\ộΣς[", max_size=10).map(SigmaString)


def naive(parts: list[object], text: str) -> bool:
    """Return whether `text` fits, by trying everything."""
    if not parts:
        return text == ""
    first, rest = parts[0], parts[1:]
    if first is ANY:
        return any(naive(rest, text[start:]) for start in range(len(text) + 1))
    if first is ONE:
        return text != "" and naive(rest, text[1:])
    literal = fold(str(first))
    return text.startswith(literal) and naive(rest, text[len(literal) :])


@given(PATTERNS, LETTERS)
def test_the_matcher_agrees_with_trying_everything(value: SigmaString, text: str) -> None:
    expected = naive(list(value.s), fold(text))
    found = pattern(value, fold)
    assert matcher(found)(fold(text)) is expected
    assert bool(check_of([found])(fold(text))) is expected


@given(st.lists(PATTERNS, min_size=1, max_size=5), LETTERS)
def test_a_list_holds_when_one_of_it_does(values: list[SigmaString], text: str) -> None:
    expected = any(naive(list(value.s), fold(text)) for value in values)
    assert bool(check_of([pattern(value, fold) for value in values])(fold(text))) is expected


def test_no_text_makes_a_pattern_explode() -> None:
    fits = matcher(pattern(SigmaString("*a*a*a*a*a*a*a*a*a*a*a*b"), fold))
    assert not fits("a" * 100_000)
