"""The cache gives what loading gives, notices every change, and compiles only what changed."""

import os
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from sentinel.detect import load
from sentinel.detect.cache import MAX_FILES, PackedRules, RuleCache, write
from sentinel.detect.ready import ready_rules
from sentinel.detect.rule import RuleSet

RULE = """
title: Rule {name}
id: 00000000-0000-4000-8000-0000000000{number:02}
logsource: {{product: linux, service: auth}}
detection:
    selection: {{user.name|contains: "{name}"}}
    condition: selection
"""
CORRELATION = """
title: Many
id: 10000000-0000-4000-8000-000000000000
correlation:
    type: event_count
    rules: [00000000-0000-4000-8000-000000000001]
    group-by: [host.name]
    timespan: 5m
    condition: {gte: 3}
"""
LONG_AGO = 1_600_000_000_000_000_000


def settle(folder: Path) -> None:
    """Let every file be old enough for its time to tell."""
    for file in folder.glob("*.yml"):
        os.utime(file, ns=(LONG_AGO, LONG_AGO))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder of rules, a correlation and a broken file."""
    rules = tmp_path / "rules"
    rules.mkdir()
    for number, name in enumerate(["anh", "bình", "chi"], start=1):
        (rules / f"{name}.yml").write_text(RULE.format(name=name, number=number), "utf-8")
    (rules / "many.yml").write_text(CORRELATION)
    (rules / "broken.yml").write_text("title: [")
    settle(rules)
    return rules


@pytest.fixture
def parsed(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Return the names of the files that are parsed from now on."""
    names: list[str] = []
    original: Callable[[Path], object] = load.parse_file

    def noting(path: Path) -> object:
        names.append(path.name)
        return original(path)

    monkeypatch.setattr(load, "parse_file", noting)
    return names


def comparable(rule_set: RuleSet) -> tuple[object, ...]:
    """Return all that a rule set says, however it is held."""
    return tuple(rule_set.rules), rule_set.correlations, rule_set.faults, rule_set.doubts


def test_a_kept_set_is_the_set_that_was_loaded(folder: Path, tmp_path: Path, parsed: list[str]) -> None:
    cache = RuleCache(tmp_path / "cache")
    first = ready_rules([folder], cache)
    parsed.clear()
    second = ready_rules([folder], cache)
    assert parsed == []
    assert isinstance(second.rules, PackedRules)
    assert comparable(second) == comparable(first) == comparable(load.load_rules([folder]))
    assert second.digest == first.digest


def test_only_what_changed_is_compiled_again(folder: Path, tmp_path: Path, parsed: list[str]) -> None:
    cache = RuleCache(tmp_path / "cache")
    before = ready_rules([folder], cache)
    parsed.clear()
    (folder / "chi.yml").write_text(RULE.format(name="dũng", number=3), "utf-8")
    after = ready_rules([folder], cache)
    # Correlations and broken files are read each time: what they come to depends on the others.
    assert sorted(parsed) == ["broken.yml", "chi.yml", "many.yml"]
    assert comparable(after) == comparable(load.load_rules([folder]))
    assert after.digest != before.digest


def test_a_change_that_keeps_size_and_time_is_noticed_while_the_file_is_young(folder: Path, tmp_path: Path) -> None:
    cache = RuleCache(tmp_path / "cache")
    file = folder / "anh.yml"
    file.touch()
    ready_rules([folder], cache)
    times = file.stat()
    file.write_text(file.read_text("utf-8").replace("anh", "ank"), "utf-8")
    os.utime(file, ns=(times.st_atime_ns, times.st_mtime_ns))
    assert comparable(ready_rules([folder], cache)) == comparable(load.load_rules([folder]))


def test_a_change_that_hides_behind_an_old_time_is_noticed(folder: Path, tmp_path: Path) -> None:
    cache = RuleCache(tmp_path / "cache")
    ready_rules([folder], cache)
    file = folder / "anh.yml"
    file.write_text(file.read_text("utf-8").replace("anh", "ank"), "utf-8")
    settle(folder)
    assert comparable(ready_rules([folder], cache)) == comparable(load.load_rules([folder]))


@pytest.mark.parametrize("change", ["content", "new", "gone"])
def test_a_change_while_the_rules_are_read_is_noticed(
    folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: str
) -> None:
    cache = RuleCache(tmp_path / "cache")
    original: Callable[[Path], object] = load.parse_file

    def changing(path: Path) -> object:
        found = original(path)
        if path.name == "chi.yml" and change == "content":
            (folder / "anh.yml").write_text(RULE.format(name="ank", number=1), "utf-8")
        elif path.name == "chi.yml" and change == "new":
            (folder / "new.yml").write_text(RULE.format(name="giang", number=9), "utf-8")
        elif path.name == "chi.yml":
            (folder / "anh.yml").unlink()
        return found

    with monkeypatch.context() as patch:
        patch.setattr(load, "parse_file", changing)
        assert ready_rules([folder], cache).digest == ""
    assert comparable(ready_rules([folder], cache)) == comparable(load.load_rules([folder]))


def test_what_is_no_file_is_passed_over(folder: Path, tmp_path: Path, parsed: list[str]) -> None:
    os.mkfifo(folder / "pipe.yml")  # Whoever opened it would wait for ever.
    (folder / "folder.yml").mkdir()
    (folder / "link.yml").symlink_to("nowhere")
    cache = RuleCache(tmp_path / "cache")
    ready_rules([folder], cache)
    parsed.clear()
    assert len(ready_rules([folder], cache).rules) == 3
    assert parsed == []


def test_files_that_were_only_touched_are_not_compiled_again(folder: Path, tmp_path: Path, parsed: list[str]) -> None:
    cache = RuleCache(tmp_path / "cache")
    ready_rules([folder], cache)
    parsed.clear()
    (folder / "anh.yml").touch()
    ready_rules([folder], cache)
    assert parsed == []


@pytest.mark.parametrize("change", ["new", "gone", "renamed"])
def test_files_that_come_and_go_are_noticed(folder: Path, tmp_path: Path, change: str) -> None:
    cache = RuleCache(tmp_path / "cache")
    ready_rules([folder], cache)
    if change == "new":
        (folder / "new.yml").write_text(RULE.format(name="giang", number=9), "utf-8")
    elif change == "gone":
        (folder / "chi.yml").unlink()
    else:
        (folder / "chi.yml").rename(folder / "khác.yml")
    assert comparable(ready_rules([folder], cache)) == comparable(load.load_rules([folder]))


def test_a_filter_narrows_rules_that_were_kept(folder: Path, tmp_path: Path) -> None:
    cache = RuleCache(tmp_path / "cache")
    ready_rules([folder], cache)
    (folder / "filter.yml").write_text(
        "title: Not root\nlogsource: {product: linux, service: auth}\n"
        "filter:\n    rules: any\n    selection: {user.name: root}\n    condition: not selection\n"
    )
    for _ in range(2):
        narrowed = ready_rules([folder], cache)
        assert comparable(narrowed) == comparable(load.load_rules([folder]))
    (folder / "filter.yml").unlink()
    assert comparable(ready_rules([folder], cache)) == comparable(load.load_rules([folder]))


@pytest.mark.parametrize("content", [b"", b"\x00", b"\xff" * 1000, b"\x97" + b"\x00" * 40])
def test_a_damaged_cache_is_made_anew(folder: Path, tmp_path: Path, content: bytes) -> None:
    cache = RuleCache(tmp_path / "cache")
    ready_rules([folder], cache)
    for file in (tmp_path / "cache").iterdir():
        file.write_bytes(content)
    assert comparable(ready_rules([folder], cache)) == comparable(load.load_rules([folder]))


def test_placeholders_and_paths_are_part_of_the_key(folder: Path, tmp_path: Path) -> None:
    cache = RuleCache(tmp_path / "cache")
    (folder / "expand.yml").write_text(RULE.format(name="%names%", number=8).replace("contains", "expand"), "utf-8")
    assert len(ready_rules([folder], cache).rules) == 3
    assert len(ready_rules([folder], cache, placeholders={"names": ["hạnh"]}).rules) == 4
    assert len(ready_rules([folder], cache, placeholders={"names": ["hạnh", "hoa"]}).rules) == 4
    assert len(ready_rules([folder / "anh.yml"], cache).rules) == 1


def test_old_files_of_a_cache_are_removed_and_only_those(folder: Path, tmp_path: Path) -> None:
    kept = tmp_path / "cache"
    ready_rules([folder], RuleCache(kept))
    (kept / "letter.txt").write_text("of somebody else")
    for number in range(MAX_FILES + 5):
        old = kept / f"{number:040x}.plans"
        old.write_bytes(b"")
        os.utime(old, ns=(LONG_AGO, LONG_AGO))
    (folder / "chi.yml").unlink()
    ready_rules([folder], RuleCache(kept))
    assert len(list(kept.glob("*.plans"))) == MAX_FILES - 1
    assert (kept / "letter.txt").exists()
    assert ready_rules([folder], RuleCache(kept)).digest


def test_several_may_write_the_same_file_at_once(tmp_path: Path) -> None:
    contents = [bytes([number]) * 1_000_000 for number in range(8)]
    file = tmp_path / f"{0:040x}.rules"
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda content: write(file, content), contents * 5))
    assert file.read_bytes() in contents
    assert list(tmp_path.iterdir()) == [file]


def test_a_cache_that_cannot_be_written_only_costs_time(folder: Path, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("in the way")
    found = ready_rules([folder], RuleCache(tmp_path / "file"))
    assert len(found.rules) == 3
    assert found.digest == ""
