"""A member of a family is one file and one visible line; here a forgotten line is found."""

import importlib
from pathlib import Path

import pytest

from sentinel.intake.door import Door
from tests.house.source import ROOT

FAMILIES = [
    ("sentinel.normalise.parsers", "PARSERS"),
    ("sentinel.normalise.wrappings", "WRAPPINGS"),
    ("sentinel.intake.doors", "DOORS"),
    ("sentinel.playbooks.actions", "ACTIONS"),
    ("collectors.network.detectors", "DETECTORS"),
    ("collectors.respond", "EXECUTORS"),
    ("sentinel.detect.predicates", "PREDICATES"),
]
NOT_MEMBERS = {
    "sentinel.normalise.parsers": {"fields", "clock", "text", "decode"},
    "collectors.respond": {"agent", "command", "executor", "ledger", "limits", "vault"},
}
"""Files of a family's folder that serve its members."""


def module_of(member: object) -> str:
    """Return the module a member was defined in: of a function, a class, or an object."""
    # A door is a value that holds the functions of its file.
    if isinstance(member, Door):
        member = member.read
    return str(getattr(member, "__module__", None) or type(member).__module__)


@pytest.mark.parametrize(("package", "table"), FAMILIES)
def test_every_member_is_listed(package: str, table: str) -> None:
    listed = {module_of(member) for member in getattr(importlib.import_module(package), table).values()}
    folder = ROOT / package.replace(".", "/")
    there = {
        f"{package}.{path.stem}"
        for path in folder.glob("*.py")
        if path.stem != "__init__"
        and not path.stem.startswith("_")
        and path.stem not in NOT_MEMBERS.get(package, set())
    }
    assert there == listed & there, f"add {sorted(there - listed)} to {table} in {package}"


def rules() -> list[Path]:
    """Return our rule files."""
    return sorted(path for path in (ROOT / "rules").rglob("*.yml"))


@pytest.mark.parametrize("rule", rules(), ids=lambda path: path.stem)
def test_every_rule_has_a_sample_that_fires_and_one_that_must_not(rule: Path) -> None:
    for kind in ("fires", "quiet"):
        sample = rule.with_suffix(f".{kind}.ndjson")
        assert sample.is_file(), f"write {sample.relative_to(ROOT)}"
        assert sample.read_text("utf-8").strip(), f"{sample.relative_to(ROOT)} is empty"


def playbooks() -> list[Path]:
    """Return our playbook files."""
    return sorted(path for path in (ROOT / "playbooks").rglob("*.yml") if not path.name.endswith(".test.yml"))


@pytest.mark.parametrize("playbook", playbooks(), ids=lambda path: path.stem)
def test_every_playbook_has_a_fixture(playbook: Path) -> None:
    assert playbook.with_suffix(".test.yml").is_file(), f"write {playbook.stem}.test.yml"


def test_there_are_at_least_24_rules_and_3_playbooks() -> None:
    assert len(rules()) >= 24
    assert len(playbooks()) >= 3
