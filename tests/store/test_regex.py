"""Promises of regular expressions in queries: what is taken means the same in each notation, the rest is refused."""

import re

import pytest
import re2
from hypothesis import given
from hypothesis import strategies as st

from sentinel.store.regex import MAX_CHARACTERS, RegexError, parse, to_lucene, to_re2

PIECES = ["a", "B", "đ", "ế", "1", " ", ".", "*", "+", "?", "|", "(", ")", "[", "]", "[a-c]", "[^1]", "{1,3}", "{2}"]
PIECES += ["\\d", "\\w", "\\S", "\\.", "\\", "-", "^", "$", "_", '"', "\u0301", "{", "}", "@", "#", "~", "&", "<", "\n"]


@given(st.text() | st.lists(st.sampled_from(PIECES), max_size=20).map("".join))
def test_no_expression_can_break_the_reader(text: str) -> None:
    try:
        found = parse(text)
    except RegexError as error:
        assert 0 <= error.place <= len(text)
        return
    for written in (to_re2(found), to_re2(found, is_word=True)):
        re.compile(written)
        re2.compile(written)


@given(
    st.lists(st.sampled_from(PIECES), max_size=8).map("".join),
    st.lists(st.text("ab1dđế ._\n-", max_size=5), min_size=5, max_size=5),
)
def test_re2_and_python_agree(text: str, values: list[str]) -> None:
    try:
        written = to_re2(parse(text))
    except RegexError:
        return
    for value in values:
        assert bool(re.fullmatch(written, value)) == bool(re2.fullmatch(written, value))


@pytest.mark.parametrize(
    ("text", "fits", "differs"),
    [
        ("a.c", ["abc", "a\nc"], ["ac", "abcd"]),
        ("Hải", ["hai"], ["hải"]),
        ("[A-F0-9]{4}", ["00ff"], ["00FG", "00f"]),
        ("cmd|power(shell)?", ["cmd", "power", "powershell"], ["cmdpower"]),
        ("(a|b)c", ["ac", "bc"], ["a"]),
        (r"\d+\.\w*", ["1.", "22.x_9"], ["1", "x."]),
        (r"[^\d]x", ["ax"], ["1x"]),
        ("a{2,}", ["aa", "aaaa"], ["a"]),
        ("[a-]", ["-", "a"], ["b"]),
    ],
)
def test_an_expression_fits_the_whole_folded_value(text: str, fits: list[str], differs: list[str]) -> None:
    written = to_re2(parse(text))
    assert [value for value in fits if not re.fullmatch(written, value)] == []
    assert [value for value in differs if re.fullmatch(written, value)] == []


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a@b", "a\\@b"),
        ("a.c", "a.c"),
        ("[a-f]x", "[a-f]x"),
        ('"<1-9>"', '\\"\\<1\\-9\\>\\"'),
        ("(ab)*", "(ab)*"),
    ],
)
def test_lucene_takes_its_own_signs_as_plain_characters(text: str, written: str) -> None:
    assert to_lucene(parse(text)) == written


def test_lucene_can_be_given_both_cases() -> None:
    assert to_lucene(parse("Ab[c-e]1"), both_cases=True) == "[aA][bB][c-eC-E]1"


@pytest.mark.parametrize(
    ("text", "place", "reason"),
    [
        ("ab^c", 2, "whole value"),
        ("a**", 2, "repeat of a repeat"),
        ("a+?", 2, "repeat of a repeat"),
        ("(?:a)", 0, "options"),
        ("(?=a)", 0, "options"),
        (r"(a)\1", 3, "not known"),
        (r"a\b", 1, "not known"),
        ("(a", 0, "without its"),
        ("a)", 1, "without its"),
        ("[a", 0, "class"),
        ("[]", 0, "class"),
        ("[[:alpha:]]", 1, "within a class"),
        ("[z-a]", 1, "range"),
        ("[A-z]", 1, "range"),
        ("a||b", 2, "empty"),
        ("", 0, "empty"),
        ("a{1,900}", 1, "repeat"),
        ("a{3,2}", 1, "repeat"),
        ("a{x}", 1, "repeat"),
        ("((((((((((((a))))))))))))", 11, "nested"),
        ("((a{50}){50}){50}", 0, "written out"),
        ("a" * (MAX_CHARACTERS + 1), 0, "allowed"),
    ],
)
def test_what_is_outside_the_subset_is_refused_with_its_place(text: str, place: int, reason: str) -> None:
    with pytest.raises(RegexError, match=reason) as caught:
        parse(text)
    assert caught.value.place == place
