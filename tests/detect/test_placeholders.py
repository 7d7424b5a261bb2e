"""Lists of what placeholders stand for, from a file."""

from pathlib import Path

import pytest

from sentinel.detect.placeholders import read_placeholders
from sentinel.errors import InputError


def write(folder: Path, text: str) -> Path:
    path = folder / "placeholders.yml"
    path.write_text(text, encoding="utf-8")
    return path


def test_values_are_texts_however_they_are_written(tmp_path: Path) -> None:
    text = "admins: [root, 'adm_*']\nports: [22, 3389]\ndomain: hue.gov.vn\nflags: true\nnone:\nempty: []\n"
    assert read_placeholders(write(tmp_path, text)) == {
        "admins": ("root", "adm_*"),
        "ports": ("22", "3389"),
        "domain": ("hue.gov.vn",),
        "flags": ("true",),
        "none": (),
        "empty": (),
    }


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("'%admins%': [root]", "without percent signs"),
        ("admins: {a: b}", "must be a text or a list of texts, got dict"),
        ("admins: [[a]]", "got list"),
        ("admins: [null]", "got NoneType"),
        ("admins: 2026-11-23", "got date"),
        ("admins: [a]\n---\nadmins: [b]", "given twice"),
        ("admins: [a]\nadmins: [b]", "given twice"),
        ("- admins", "expected a map"),
        ("admins: [", "not YAML"),
    ],
)
def test_a_wrong_file_is_refused_with_its_place(text: str, words: str, tmp_path: Path) -> None:
    path = write(tmp_path, text)
    with pytest.raises(InputError, match=words) as error:
        read_placeholders(path)
    assert str(path) in str(error.value)


def test_a_list_has_a_bound(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="20001 values"):
        read_placeholders(write(tmp_path, "a: [" + ",".join(["x"] * 20_001) + "]"))
