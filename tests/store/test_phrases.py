"""Promises of phrases: what is typed is cut into words as the texts are, and wildcards stay within a word."""

import pytest

from sentinel.store.phrases import phrase
from sentinel.store.query import parse
from sentinel.store.tree import Free, Pattern


@pytest.mark.parametrize(
    ("query", "wanted"),
    [
        ("Hải", ["hai"]),
        ('"Sở Tài chính"', ["so", "tai", "chinh"]),
        ("10.1.2.3", ["10", "1", "2", "3"]),
        ("power*", ["power*"]),
        ("*shell", ["*shell"]),
        ("dang*nhap", ["dang*nhap"]),
        ("*.exe", ["exe"]),
        ("cmd*.exe", ["cmd*", "exe"]),
        ("a.*b", ["a", "*b"]),
        ("tmp/*/x", ["tmp", "*", "x"]),
        ("tmp/**/x", ["tmp", "**", "x"]),
        ("v?", ["v?"]),
        ("a.?", ["a", "?"]),
        (r"a\*b", ["a", "b"]),
        ('"a*b"', ["a", "b"]),
        ("...", []),
        ("*?", ["*?"]),
        ("a*\u0301*", ["a**"]),
    ],
)
def test_a_pattern_is_cut_into_words(query: str, wanted: list[str]) -> None:
    node = parse(query)
    assert isinstance(node, Free)
    assert ["".join(pattern.parts) for pattern in phrase(node.pattern)] == wanted


def test_a_very_long_word_counts_by_its_beginning() -> None:
    node = parse("a" * 300)
    assert isinstance(node, Free)
    assert phrase(node.pattern) == (Pattern(("a" * 255,)),)
