"""Promises of folding: Vietnamese is found as people type it."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.store.words import fold, words


@pytest.mark.parametrize("form", ["NFC", "NFD"])
def test_accents_and_case_are_forgotten(form: str) -> None:
    assert fold(unicodedata.normalize(form, "Hải Phòng, ĐƯỜNG số 5")) == "hai phong, duong so 5"


def test_words_are_runs_of_letters_and_digits() -> None:
    assert words("C:\\Windows\\cmd.exe /c_whoami Đà-Nẵng") == [
        "c",
        "windows",
        "cmd",
        "exe",
        "c",
        "whoami",
        "da",
        "nang",
    ]


@given(st.text())
def test_folding_again_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)
