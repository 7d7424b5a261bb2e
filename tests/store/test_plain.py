"""Of a plain record every word of the message stands in the original line, so that the line alone may be looked at."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.model.record import Value
from sentinel.store.columns import pack
from sentinel.store.plain import PLAIN
from sentinel.store.words import words
from tests.store.examples import record

BOUND = "ParameterBinding(Get-Random): name=InputObject; value=/news.php"
"""Begins a message of PowerShell, and stands before it in the same line."""


def is_plain(original: Value, message: Value | None) -> bool:
    return _plain(event__original=original, **({} if message is None else {"message": message}))


def _plain(**fields: Value) -> bool:
    (found,) = pack([record(1, **fields)]).table.column(PLAIN).to_pylist()
    return bool(found)


@pytest.mark.parametrize(
    ("original", "message"),
    [
        ("<13>Nov 23 08:00:00 web01 sshd[8]: Failed password", "Failed password"),
        ("<13>Nov 23 08:00:00 web01 sshd[8]: [info] Failed password [end]", "Failed password"),
        ('{"message":"a \\"b\\"\\r\\n\\tc:\\\\d","id":1}', 'a "b"\r\n\tc:\\d'),
        ('{"message":"a \\u0026 b \\u003cc\\u003e"}', "a & b <c>"),
        ('{"message":"Microsoft® Windows"}', "Microsoft® Windows"),
        (f'{{"Payload":"{BOUND}","Message":"{BOUND}\\r\\nContext"}}', f"{BOUND}\r\nContext"),
        ("no message", None),
        ("", ""),
    ],
)
def test_a_line_that_says_its_message_is_plain(original: str, message: str | None) -> None:
    assert is_plain(original, message)


@pytest.mark.parametrize(
    ("original", "message"),
    [
        ("Nov 23 08:00:00 web01 sshd[8]: Failed", "Failed password"),
        ("Sở Tài chính: Failed", "Failed"),
        ("Failed", "Hải"),
        ('{"message":"\\u0061dmin"}', "admin"),
        (f"{BOUND} " * 4 + f"{BOUND}\r\nContext]", f"{BOUND}\r\nContext"),
        (["Failed"], "Failed"),
        ("Failed", ["Failed"]),
        (7, None),
    ],
)
def test_another_is_not(original: Value, message: Value | None) -> None:
    assert not is_plain(original, message)


def test_other_texts_must_be_of_ascii_too() -> None:
    assert _plain(event__original="a", user__name="an", host__name=["no", "text"])
    assert not _plain(event__original="a", user__name="ân")


pieces = st.sampled_from(["admin", "Root", " ", "\n", "\t", '"', "\\", "/", "&", "<", "{", "n", "u0026", "ế", "\x00"])
texts = st.lists(pieces, max_size=8).map("".join)


@given(texts, texts, texts)
def test_the_words_of_a_message_stand_in_a_plain_line(before: str, message: str, after: str) -> None:
    for line in (
        f"{before}{message}{after}",
        f"{before}{after}",
        json.dumps({"a": before, "message": message, "z": after}),
        json.dumps({"a": before, "message": message, "z": after}, ensure_ascii=False).replace("&", "\\u0026"),
    ):
        if is_plain(line, message):
            assert all(word in line.lower() for word in words(message))
