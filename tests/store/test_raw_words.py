"""Promises of word search in raw texts: what it finds is what cutting the folded text into words finds."""

import unicodedata

import re2
from hypothesis import given
from hypothesis import strategies as st

from sentinel.store.phrases import phrase
from sentinel.store.raw_words import letters_expression, phrase_expressions, plain_expressions
from sentinel.store.tree import Pattern
from tests.store.reference import has_phrase

MARKS = ["\u0301", "\u0302", "\u11a8", "\u1100", " ", "\n"]
LETTERS = [
    "hai",
    "Hải",
    "phòng",
    "Đ",
    "đ",
    "a",
    "A",
    "á",
    "1",
    "²",
    "Σ",
    "ς",
    "ß",
    "İ",
    "ı",
    "각",
    "가",
    "K",
    "k",
    "é",
    "x",
]
PIECES = st.sampled_from([*LETTERS, *MARKS, "-", "_", ".", "日本", "が", "ﬁ"])
TEXTS = st.lists(PIECES, max_size=8).map("".join)
FORMS = st.sampled_from(["NFC", "NFD"])
PATTERNS = st.lists(st.tuples(TEXTS, st.sampled_from("*?")), max_size=2).flatmap(
    lambda pairs: TEXTS.map(lambda last: Pattern((*(part for pair in pairs for part in pair), last)))
)


@given(TEXTS, FORMS, PATTERNS)
def test_words_are_found_in_raw_texts_as_in_folded_ones(text: str, form: str, pattern: Pattern) -> None:
    _compare(unicodedata.normalize(form, text), pattern)  # type: ignore[arg-type]


@given(
    st.text("abAB01 -_.\n", max_size=12), PATTERNS | st.text("abAB01 -", max_size=5).map(lambda text: Pattern((text,)))
)
def test_words_of_plain_texts_are_found_by_plain_letters(text: str, pattern: Pattern) -> None:
    _compare(text, pattern)


@given(st.text(), st.text(max_size=2))
def test_any_letters_are_found_as_in_folded_texts(text: str, wanted: str) -> None:
    known = "".join(each for each in text + wanted if unicodedata.category(each) not in ("Cn", "Cs"))
    _compare(known, Pattern((wanted,)))
    _compare(known, Pattern(("", "*", wanted, "*", "")))


def _compare(text: str, pattern: Pattern) -> None:
    wanted = phrase(pattern)
    if not wanted:
        return
    core, exact = phrase_expressions(wanted)
    found = bool(re2.search(core, text)) and bool(re2.search(exact, text))
    assert found == has_phrase(text, wanted), (text, wanted)
    if text.isascii():
        plain = plain_expressions(wanted)
        found = plain is not None and bool(re2.search(plain[0], text)) and bool(re2.search(plain[1], text))
        assert found == has_phrase(text, wanted), (text, wanted)
        letters = letters_expression(wanted)
        assert not found or letters is None or re2.search(letters, text), (text, wanted)


def test_letters_without_other_cases_are_looked_for_where_there_are_enough() -> None:
    def written(*parts: str) -> str | None:
        return letters_expression(phrase(Pattern(parts)))

    assert written("svchost") == "(?i)vcho"
    assert written("power", "*", " hidden") == "(?i)hidden"
    assert written("user") == "(?i)user", "a run of two letters stands nearly everywhere"
    assert written("", "?", "") is None
