"""`sentinel explain`: the verdict on every part of a condition."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sentinel.cli.explain import app
from sentinel.errors import SentinelError

RULE = """
title: Guessing Of Root
id: 55555555-5555-4555-8555-555555555555
logsource: {product: linux, service: auth}
detection:
  selection: {event.outcome: failure, user.name: [root, admin]}
  filter: {source.ip|cidr: 10.0.0.0/8}
  missing: {user.id: '0'}
  condition: selection and not filter or missing
---
title: Other
logsource: {product: windows}
detection: {s: {A: 1}, condition: s}
"""
LINES = [
    f"Nov 23 08:00:01 gate sshd[7]: {what} password for root from {ip} port 4222 ssh2"
    for what, ip in [("Failed", "192.0.2.9"), ("Accepted", "192.0.2.9")]
]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a rule file and a log."""
    (tmp_path / "rule.yml").write_text(RULE, encoding="utf-8")
    (tmp_path / "auth.log").write_text("\n".join(LINES), encoding="utf-8")
    return tmp_path


def explain(folder: Path, *options: str) -> Result:
    """Run the command on the folder's log."""
    return CliRunner().invoke(app, [str(folder / "auth.log"), "--rules", str(folder / "rule.yml"), *options])


def test_a_match_is_explained_part_by_part(folder: Path) -> None:
    result = explain(folder, "--rule", "Guessing Of Root")
    assert result.exit_code == 0, result.output
    assert "yes event.outcome: failure   (event.outcome is 'failure')" in result.stdout
    assert "no  source.ip|cidr: 10.0.0.0/8   (source.ip is '192.0.2.9')" in result.stdout
    assert "the record has no user.id" in result.stdout


def test_a_miss_says_what_was_different(folder: Path) -> None:
    result = explain(folder, "--rule", "55555555-5555-4555-8555-555555555555", "--record", "2")
    assert result.exit_code == 1
    assert "no  event.outcome: failure   (event.outcome is 'success')" in result.stdout


def test_a_rule_for_other_logs_says_so(folder: Path) -> None:
    result = explain(folder, "--rule", "Other")
    assert result.exit_code == 1
    assert "no log source of the rule" in result.stdout


@pytest.mark.parametrize("options", [(), ("--rule", "nobody"), ("--rule", "Other", "--record", "9")])
def test_what_cannot_be_answered_is_wrong_use(options: tuple[str, ...], folder: Path) -> None:
    error = explain(folder, *options).exception
    assert isinstance(error, SentinelError)
    assert error.exit_code == 2
