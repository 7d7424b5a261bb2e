"""`sentinel explain`: the verdict on every part of a condition, and the reason at each line."""

import json
import subprocess
import sys
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
    assert "PASS event.outcome: failure   (event.outcome is 'failure')" in result.stdout
    assert "FAIL source.ip|cidr: 10.0.0.0/8   (source.ip is '192.0.2.9')" in result.stdout
    assert "(absent: the record has no user.id" in result.stdout


def test_a_miss_says_what_was_different(folder: Path) -> None:
    result = explain(folder, "--rule", "55555555-5555-4555-8555-555555555555", "--record", "2")
    assert result.exit_code == 1
    assert "FAIL event.outcome: failure   (event.outcome is 'success')" in result.stdout


def test_a_rule_for_other_logs_says_so(folder: Path) -> None:
    result = explain(folder, "--rule", "Other")
    assert result.exit_code == 1
    assert "no log source of the rule" in result.stdout


@pytest.mark.parametrize("options", [(), ("--rule", "nobody"), ("--rule", "Other", "--record", "9")])
def test_what_cannot_be_answered_is_wrong_use(options: tuple[str, ...], folder: Path) -> None:
    error = explain(folder, *options).exception
    assert isinstance(error, SentinelError)
    assert error.exit_code == 2


REASONS = """
title: Reasons
logsource: {product: linux, service: auth}
detection:
  absent: {usr.name: root}
  other: {user.name: admin}
  case: {user.name|cased: ROOT}
  expression: {user.name|re: '^R'}
  number: {user.name|gte: 5}
  network: {user.name|cidr: 10.0.0.0/8}
  hour: {user.name|hour: 3}
  present: {user.name: null}
  all: {event.original|contains|all: [Failed, nobody]}
  fields: {user.name|fieldref: source.ip}
  words: ['Không có', nowhere]
  condition: 1 of them
"""


def test_each_line_says_what_stands_in_its_way(folder: Path) -> None:
    (folder / "rule.yml").write_text(REASONS, encoding="utf-8")
    result = explain(folder)
    lines = [line.strip() for line in result.stdout.splitlines()]
    for wanted in (
        "FAIL usr.name: root   (absent: the record has no usr.name; it has user.name)",
        "FAIL user.name: admin   (user.name is 'root')",
        "FAIL user.name|cased: ROOT   (case: user.name is 'root', which fits but for capital and small letters)",
        "FAIL user.name|re: ^R   (case: user.name is 'root', which fits but for capital and small letters)",
        "FAIL user.name|gte: 5   (wrong type: user.name is 'root', which is no number)",
        "FAIL user.name|cidr: 10.0.0.0/8   (wrong type: user.name is 'root', which is no address)",
        "FAIL user.name|hour: 3   (wrong type: user.name is 'root', which is no time)",
        "FAIL user.name: null   (present: user.name is 'root')",
        "FAIL user.name|fieldref: source.ip   (user.name is 'root'; source.ip is '192.0.2.9')",
        "FAIL Không có or nowhere   (no text of the record holds Không có, nowhere)",
    ):
        assert wanted in lines, result.stdout
    assert "not found: event.original|contains: nobody" in result.stdout
    told = json.loads(explain(folder, "--json").stdout)
    kinds = [part["parts"][0]["kind"] for part in told["readings"][0]["parts"]]
    assert set(kinds) == {"absent", "other value", "case", "wrong type", "present"}
    assert told["matches"] is False


def test_without_a_number_the_record_that_matches_is_shown(folder: Path) -> None:
    (folder / "auth.log").write_text("\n".join(reversed(LINES)), encoding="utf-8")
    result = explain(folder, "--rule", "Guessing Of Root")
    assert result.exit_code == 0
    assert "auth.log:2" in result.stdout


CORRELATION = (
    RULE.split("---")[0]
    + """
name: guess
---
title: Many Guesses
id: 77777777-7777-4777-8777-777777777777
correlation:
  type: event_count
  rules: [guess]
  group-by: [source.ip]
  timespan: 1m
  condition: {gte: 3}
"""
)


@pytest.mark.parametrize(("count", "words"), [(2, "1 short of gte 3"), (3, "fired 1 time"), (0, "no group")])
def test_a_correlation_says_how_far_it_is_from_its_threshold(count: int, words: str, folder: Path) -> None:
    (folder / "rule.yml").write_text(CORRELATION, encoding="utf-8")
    lines = [LINES[0].replace("4222", str(port)) for port in range(count)] or [LINES[1]]
    (folder / "auth.log").write_text("\n".join(lines), encoding="utf-8")
    arguments = ["--event", str(folder / "auth.log"), "--rule", str(folder / "rule.yml")]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == (0 if count == 3 else 1), result.output
    assert words in result.stdout
    told = json.loads(CliRunner().invoke(app, [*arguments, "--json"]).stdout)
    assert told["rules"][0]["matches"] == count
    if count:
        assert told["groups"][0]["group"] == {"source.ip": "192.0.2.9"}
        assert told["groups"][0]["value"] == count


def test_a_temporal_correlation_names_the_rule_it_waits_for(folder: Path) -> None:
    other = "title: In\nname: in\nlogsource: {product: linux, service: auth}\n"
    other += "detection: {s: {event.outcome: success}, condition: s}\n---\n"
    temporal = CORRELATION.replace("event_count", "temporal_ordered").replace("[guess]", "[guess, in]")
    (folder / "rule.yml").write_text(other + temporal.replace("  condition: {gte: 3}\n", ""), encoding="utf-8")
    (folder / "auth.log").write_text(LINES[0], encoding="utf-8")
    result = CliRunner().invoke(app, [str(folder / "auth.log"), "--rule", str(folder / "rule.yml")])
    assert result.exit_code == 1
    assert "still missing: In" in result.stdout
    (folder / "auth.log").write_text("\n".join(LINES), encoding="utf-8")
    assert CliRunner().invoke(app, [str(folder / "auth.log"), "--rule", str(folder / "rule.yml")]).exit_code == 0


def test_a_chain_of_correlations_is_followed(folder: Path) -> None:
    chain = CORRELATION.replace("title: Many", "name: many\ntitle: Many").replace("gte: 3", "gte: 2")
    chain += "---\ntitle: Again And Again\ncorrelation: {type: event_count, rules: [many], group-by: [source.ip],"
    chain += " timespan: 1h, condition: {gte: 2}}\n"
    (folder / "rule.yml").write_text(chain, encoding="utf-8")
    (folder / "auth.log").write_text("\n".join([LINES[0]] * 4), encoding="utf-8")
    options = ["--rules", str(folder / "rule.yml"), "--rule", "Again And Again", "--json"]
    told = json.loads(CliRunner().invoke(app, [str(folder / "auth.log"), *options]).stdout)
    assert (told["matches"], told["rules"][0]["matches"]) == (True, 2)


def test_the_command_reads_standard_input(folder: Path) -> None:
    program = "from sentinel.cli import main; main()"
    command = [sys.executable, "-c", program, "explain", "--event", "-", "--rules", str(folder / "rule.yml")]
    ended = subprocess.run(
        [*command, "--rule", "Guessing Of Root"], input=LINES[0], capture_output=True, text=True, check=False
    )
    assert ended.returncode == 0, ended.stderr
    assert ended.stdout.startswith("MATCH: Guessing Of Root")
    assert "standard input:1" in ended.stdout


@pytest.mark.parametrize("options", [("--event", "x"), ("--rule", "Guessing Of Rot"), ("--rule", "a" * 5_000)])
def test_what_is_asked_wrongly_is_said(options: tuple[str, ...], folder: Path) -> None:
    error = explain(folder, *options).exception
    assert isinstance(error, SentinelError)
    assert error.exit_code == 2
