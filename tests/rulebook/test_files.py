"""Rule files that have changed are noticed without being read."""

import os
from pathlib import Path

import pytest

from sentinel.errors import InputError
from sentinel.rulebook.files import fingerprint


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Two rules, one of them deeper."""
    (tmp_path / "rules" / "deep").mkdir(parents=True)
    for name in ("one.yml", "deep/two.yaml"):
        (tmp_path / "rules" / name).write_text("title: a\n")
    return tmp_path / "rules"


def test_the_same_files_are_the_same(folder: Path) -> None:
    before = fingerprint([folder])
    for name in ("README.md", ".hidden.yml"):
        (folder / name).write_text("nothing to judge by")
    (folder / ".git").mkdir()
    (folder / ".git" / "old.yml").write_text("title: old\n")
    assert fingerprint([folder]) == before


@pytest.mark.parametrize("change", ["content", "time", "added", "removed", "renamed"])
def test_every_change_shows(folder: Path, change: str) -> None:
    before, file = fingerprint([folder]), folder / "deep" / "two.yaml"
    match change:
        case "content":
            file.write_text("title: another one\n")
        case "time":
            os.utime(file, ns=(1, 1))
        case "added":
            (folder / "three.yml").write_text("title: b\n")
        case "removed":
            file.unlink()
        case _:
            file.rename(folder / "deep" / "three.yml")
    assert fingerprint([folder]) != before


def test_a_single_file_is_watched_whatever_its_name(tmp_path: Path) -> None:
    file = tmp_path / "pipeline.txt"
    file.write_text("a")
    before = fingerprint([file])
    file.write_text("ab")
    assert fingerprint([file]) != before


def test_a_path_that_is_gone_is_no_set_without_rules(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such file or folder"):
        fingerprint([tmp_path / "gone"])
