"""`sentinel rules`: broken and questionable rules are named, and samples keep their promise."""

import json
import os
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sentinel.cli.rules import app
from sentinel.errors import SentinelError
from sentinel.event import Event, encode
from sentinel.model.moment import now

RULE = """
title: Log-In Refused
id: 33333333-3333-4333-8333-333333333333
status: test
description: Somebody was refused.
author: Sentinel
date: 2026-11-23
level: low
tags: [attack.credential-access, attack.t1110]
logsource: {product: linux, service: auth}
detection:
  selection:
    event.outcome: failure
  condition: selection
"""
GUESSING = """
title: Log-Ins Guessed
id: 44444444-4444-4444-8444-444444444444
correlation:
  type: event_count
  rules: [33333333-3333-4333-8333-333333333333]
  group-by: [source.ip]
  timespan: 5m
  condition: {gte: 2}
level: medium
tags: [attack.t1110]
"""


def sample(*lines: str) -> bytes:
    """Return lines of an authentication log as a sample file."""
    events = (
        Event(collector="", epoch="", sequence=1, dataset="linux.auth", host="gate", seen_at=now(), raw=line)
        for line in lines
    )
    return b"\n".join(encode(event) for event in events)


FAILED = "Nov 23 08:00:01 gate sshd[7]: Failed password for root from 192.0.2.9 port 4222 ssh2"
ACCEPTED = "Nov 23 08:00:01 gate sshd[7]: Accepted password for root from 192.0.2.9 port 4222 ssh2"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a sound rule and its samples."""
    (tmp_path / "refused_log_in.yml").write_text(RULE, encoding="utf-8")
    (tmp_path / "refused_log_in.fires.ndjson").write_bytes(sample(FAILED))
    (tmp_path / "refused_log_in.quiet.ndjson").write_bytes(sample(ACCEPTED))
    return tmp_path


def run(*arguments: str | Path) -> Result:
    """Run a sub-command."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def test_a_sound_rule_passes(folder: Path) -> None:
    result = run("check", folder)
    assert (result.exit_code, result.stdout) == (0, "")
    assert run("test", folder).exit_code == 0


def test_a_broken_rule_fails_the_check(folder: Path) -> None:
    (folder / "broken.yml").write_text("title: [", encoding="utf-8")
    result = run("check", folder)
    assert result.exit_code == 1
    assert "broken.yml: not YAML" in result.stdout


def test_a_broken_rule_is_named_with_its_place_and_what_was_meant(folder: Path) -> None:
    (folder / "broken.yml").write_text("title: x\nlogsource: [\n", encoding="utf-8")
    (folder / "typo.yml").write_text(RULE.replace("event.outcome:", "event.outcome|contians:"), encoding="utf-8")
    told = run("check", folder).stdout
    assert "broken.yml: not YAML: line 3, column 1" in told
    assert "did you mean 'contains'?" in told


@pytest.mark.parametrize("command", ["check", "test", "list", "coverage"])
def test_a_folder_without_rules_is_wrong_use(command: str, tmp_path: Path) -> None:
    result = run(command, tmp_path)
    assert isinstance(result.exception, SentinelError)
    assert result.exception.exit_code == 2


def test_a_file_name_that_is_not_utf_8_does_not_stop_the_check(folder: Path) -> None:
    (folder / "refused_log_in.yml").rename(folder / os.fsdecode(b"refused\xff.yml"))
    assert "usable rules" in run("check", folder).stderr


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("event.outcome", "event.outcomes", "none of its log source"),
        ("attack.t1110", "attack.t11", "no ATT&CK"),
        ("service: auth", "service: nowhere", "never sees an event"),
        ("selection:\n", "unused: {user.name: x}\n  selection:\n", "unused"),
    ],
)
def test_what_is_questionable_is_said(old: str, new: str, words: str, folder: Path) -> None:
    (folder / "refused_log_in.yml").write_text(RULE.replace(old, new), encoding="utf-8")
    assert words in run("check", folder).stdout


def test_a_missing_sample_fails_where_others_have_theirs(folder: Path) -> None:
    (folder / "refused_log_in.quiet.ndjson").unlink()
    result = run("check", folder)
    assert result.exit_code == 1
    assert "refused_log_in.quiet.ndjson" in result.stdout
    (folder / "refused_log_in.fires.ndjson").unlink()
    assert run("check", folder).exit_code == 0


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("refused_log_in.fires.ndjson", sample(ACCEPTED), "does not fire"),
        ("refused_log_in.quiet.ndjson", sample(FAILED), "'Log-In Refused' fires"),
        ("refused_log_in.quiet.ndjson", b"{", "refused_log_in.quiet.ndjson:1"),
        ("refused_log_in.quiet.ndjson", b"\n", "holds no event"),
    ],
)
def test_a_sample_that_breaks_its_promise_fails(name: str, content: bytes, words: str, folder: Path) -> None:
    (folder / name).write_bytes(content)
    result = run("test", folder)
    assert result.exit_code == 1
    assert words in result.stdout


def test_a_rule_that_serves_a_correlation_is_tested_and_others_are_named(folder: Path) -> None:
    (folder / "guessed_log_ins.yml").write_text(GUESSING, encoding="utf-8")
    (folder / "guessed_log_ins.fires.ndjson").write_bytes(sample(FAILED, FAILED))
    (folder / "guessed_log_ins.quiet.ndjson").write_bytes(sample(FAILED, ACCEPTED))
    (folder / "refused_log_in.fires.ndjson").write_bytes(sample(FAILED, FAILED))
    result = run("test", folder)
    assert result.exit_code == 0, result.stdout
    assert "also fires: refused_log_in.fires.ndjson: Log-Ins Guessed" in result.stdout


def test_rules_are_listed_for_programs(folder: Path) -> None:
    line = json.loads(run("list", folder, "--json").stdout)
    assert (line["title"], line["log_source"]) == ("Log-In Refused", "linux / - / auth")
    assert "Log-In Refused" in run("list", folder).stdout


def test_a_missing_folder_is_wrong_use(tmp_path: Path) -> None:
    for command in ("check", "test", "list"):
        error = run(command, tmp_path / "no").exception
        assert isinstance(error, SentinelError)
        assert error.exit_code == 2
