"""Promises of the reload: whole sets or none, broken rules named, and an empty folder changes nothing."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from sentinel.audit import Audit
from sentinel.detect.load import load_rules
from sentinel.detect.rule import RuleSet
from sentinel.rulebook.reload import Reloader
from sentinel.rulebook.shelf import Shelf

RULE = """
title: Rule {number}
id: 6f0f6b3c-1c5e-4f3a-9d8e-0000000000{number:02}
status: test
logsource: {{product: linux, service: sshd}}
detection:
  came_in: {{user.name: user{number}}}
  condition: came_in
"""


class Folder:
    """A folder of rules under a reloader."""

    def __init__(self, path: Path, audit: Audit) -> None:
        self.path, self.audit, self.shelf = path / "rules", audit, Shelf()
        self.path.mkdir()
        self.taken: list[RuleSet] = []
        self.write(1)
        self.write(2)
        self.reloader = Reloader([self.path], load_rules, self.taken.append, self.shelf, audit)
        self.reloader.start()

    def write(self, number: int, text: str = RULE) -> Path:
        file = self.path / f"{number}.yml"
        file.write_text(text.format(number=number) if text is RULE else text)
        return file

    def titles(self) -> list[str]:
        return sorted(rule.title for rule in self.shelf.values())


@pytest.fixture
def folder(tmp_path: Path, engine: Engine, log: Audit) -> Folder:
    return Folder(tmp_path, log)


def test_nothing_happens_until_a_file_changes(folder: Folder) -> None:
    assert not folder.reloader.look()
    folder.write(3)
    assert folder.reloader.look()
    assert not folder.reloader.look()
    assert folder.titles() == ["Rule 1", "Rule 2", "Rule 3"]
    assert len(folder.taken) == 1
    (entry,) = folder.audit.entries()
    assert (entry.actor, entry.action, entry.detail["value"], entry.detail["limit"]) == (
        "system",
        "rules.changed",
        3,
        2,
    )


def test_somebody_may_ask(folder: Folder) -> None:
    folder.shelf.ask("thanh")
    assert folder.reloader.look()
    assert folder.audit.entries()[0].actor == "thanh"
    assert not folder.reloader.look()


def test_a_broken_file_is_named_and_the_rest_is_taken(folder: Folder) -> None:
    folder.write(2, "title: [broken")
    assert folder.reloader.look()
    assert folder.titles() == ["Rule 1"]
    assert [fault.path.name for fault in folder.shelf.now.faults] == ["2.yml"]
    changed, faulty = sorted(folder.audit.entries(), key=lambda entry: entry.action, reverse=True)
    assert changed.detail["broken"] == 1
    assert (faulty.action, Path(faulty.object).name) == ("rule.faulty", "2.yml")
    folder.write(3)
    assert folder.reloader.look()
    assert [entry.action for entry in folder.audit.entries()].count("rule.faulty") == 1


def test_an_empty_folder_changes_nothing(folder: Folder) -> None:
    for file in folder.path.iterdir():
        file.unlink()
    assert not folder.reloader.look()
    assert not folder.reloader.look()
    assert (folder.titles(), folder.taken) == (["Rule 1", "Rule 2"], [])
    assert folder.shelf.refused == "the folders hold no usable rule"
    assert [entry.action for entry in folder.audit.entries()] == ["rules.reload_refused"]
    folder.write(4)
    assert folder.reloader.look()
    assert folder.shelf.refused == ""


def test_a_folder_that_is_gone_for_a_moment_changes_nothing(folder: Folder) -> None:
    away = folder.path.with_name("away")
    folder.path.rename(away)
    assert not folder.reloader.look()
    assert "no such file or folder" in folder.shelf.refused
    away.rename(folder.path)
    assert folder.reloader.look()
    assert folder.shelf.refused == ""
    assert folder.titles() == ["Rule 1", "Rule 2"]


def test_files_that_change_while_they_are_read_are_read_again(tmp_path: Path, log: Audit) -> None:
    path = tmp_path / "rules"
    path.mkdir()
    (path / "1.yml").write_text(RULE.format(number=1))
    reads: list[int] = []

    def load(paths: object) -> RuleSet:
        rules = load_rules([path])
        reads.append(len(rules.rules))
        if len(reads) == 1:
            (path / "2.yml").write_text(RULE.format(number=2))
        return rules

    shelf = Shelf()
    assert len(Reloader([path], load, lambda rules: None, shelf, log).start().rules) == 2
    assert reads == [1, 2]


def test_the_shelf_shows_the_file_of_a_rule(folder: Folder) -> None:
    rule_id = next(each.id for each in folder.shelf.values() if each.title == "Rule 2")
    assert "title: Rule 2" in str(folder.shelf.text(rule_id))
    (folder.path / "2.yml").unlink()
    assert folder.shelf.text(rule_id) is None
    assert folder.shelf.text("unknown") is None
