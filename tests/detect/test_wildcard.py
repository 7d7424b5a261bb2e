"""Wildcards, against a matcher too simple to be wrong, and against texts made to be slow."""

from hypothesis import given
from hypothesis import strategies as st
from sigma.types import SigmaString, SpecialChars

from sentinel.detect.facts import fold
from sentinel.detect.lower import lower_value
from sentinel.detect.predicates import check_of
from sentinel.detect.values import Text
from sentinel.detect.wildcard import matcher

LETTERS = st.text(alphabet="aAbB.\n*?\\ộΣς[", max_size=12)
PATTERNS = st.text(alphabet="aAbB.\n*?\\ộΣς[", max_size=10).map(SigmaString)


def naive(parts: list[object], text: str) -> bool:
    """Return whether `text` fits, by trying everything."""
    if not parts:
        return text == ""
    first, rest = parts[0], parts[1:]
    if first is SpecialChars.WILDCARD_MULTI:
        return any(naive(rest, text[start:]) for start in range(len(text) + 1))
    if first is SpecialChars.WILDCARD_SINGLE:
        return text != "" and naive(rest, text[1:])
    literal = fold(str(first))
    return text.startswith(literal) and naive(rest, text[len(literal) :])


@given(PATTERNS, LETTERS)
def test_the_matcher_agrees_with_trying_everything(value: SigmaString, text: str) -> None:
    expected = naive(list(value.s), fold(text))
    (lowered,) = lower_value(value)
    assert check_of(lowered).holds(fold(text)) is expected


def test_no_text_makes_a_pattern_explode() -> None:
    (lowered,) = lower_value(SigmaString("*a*a*a*a*a*a*a*a*a*a*a*b"))
    assert isinstance(lowered, Text)
    fits = matcher(lowered.pieces)
    assert not fits("a" * 100_000)
