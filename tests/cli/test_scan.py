"""`sentinel scan`: what it prints, how it exits, and what it does with files that are broken."""

import gzip
import json
import os
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner, Result

from sentinel.cli.scan import app
from sentinel.cli.sources import Source
from sentinel.errors import SentinelError
from sentinel.event import Event, encode
from sentinel.model.moment import now

RULE = """
title: Whoami
id: 22222222-2222-4222-8222-222222222222
level: high
tags: [attack.t1033]
logsource: {product: windows, category: process_creation}
detection: {selection: {CommandLine|contains: whoami}, condition: selection}
---
title: Failed Log-Ins
name: failed
logsource: {product: linux, service: auth}
detection: {selection: {event.outcome: failure}, condition: selection}
---
title: Guessing
correlation: {type: event_count, rules: [failed], group-by: [source.ip], timespan: 5m, condition: {gte: 3}}
"""


def windows(line: str, event_id: int = 1) -> dict[str, object]:
    """Return a Windows event as the `evtx` library renders it."""
    return {
        "Event": {
            "System": {
                "EventID": event_id,
                "Channel": "Microsoft-Windows-Sysmon/Operational",
                "Computer": "pc",
                "TimeCreated": {"#attributes": {"SystemTime": "2026-11-23T08:00:00.000000Z"}},
            },
            "EventData": {"Image": "C:\\x.exe", "CommandLine": line},
        }
    }


AUTH = "".join(
    f"Nov 23 08:00:0{second} gate sshd[7]: Failed password for root from 192.0.2.9 port 4{second} ssh2\n"
    for second in range(3)
)


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    """Return a rule file outside the folder that is scanned."""
    path = tmp_path / "rules" / "rule.yml"
    path.parent.mkdir()
    path.write_text(RULE, encoding="utf-8")
    return path


@pytest.fixture
def logs(tmp_path: Path) -> Path:
    """Return an empty folder to scan."""
    folder = tmp_path / "logs"
    folder.mkdir()
    return folder


def scan(rules: Path, *paths: Path | str) -> Result:
    """Run the command with `--json`."""
    return CliRunner().invoke(app, [*map(str, paths), "--rules", str(rules), "--json"])


def found(result: Result) -> list[tuple[str, int, str]]:
    """Return file name, sequence and rule of every line."""
    lines = [json.loads(line) for line in result.stdout.splitlines()]
    return [(Path(each["log"]["file"]["path"]).name, each["event"]["sequence"], each["rule"]["name"]) for each in lines]


def test_json_lines_are_numbered_by_line(rules: Path, logs: Path) -> None:
    path = logs / "events.ndjson"
    path.write_text("\n".join(json.dumps(windows(line)) for line in ("a", "whoami /all", "b")) + "\n", encoding="utf-8")
    result = scan(rules, path)
    assert result.exit_code == 1
    assert found(result) == [("events.ndjson", 2, "Whoami")]
    line = json.loads(result.stdout)
    assert line["rule"] == {"id": "22222222-2222-4222-8222-222222222222", "name": "Whoami", "level": "high"}
    assert line["sentinel"]["evidence"][0] == {
        "selection": "selection",
        "field": "CommandLine",
        "value": "whoami /all",
        "pattern": "CommandLine|contains: whoami",
    }
    assert line["threat"]["technique"]["id"] == ["T1033"]


@pytest.mark.parametrize("kind", ["pretty", "array", "gzip"])
def test_other_renderings_of_json_are_numbered_by_object(kind: str, rules: Path, logs: Path) -> None:
    events = [windows("a"), windows("whoami")]
    path = logs / "events.json"
    if kind == "pretty":
        path.write_text("\n".join(json.dumps(event, indent=2) for event in events), encoding="utf-8")
    elif kind == "array":
        path.write_text(json.dumps(events, indent=1), encoding="utf-8-sig")
    else:
        path.write_bytes(gzip.compress("\n".join(map(json.dumps, events)).encode()))
    assert found(scan(rules, path)) == [("events.json", 2, "Whoami")]


def test_a_text_log_is_recognised_and_correlated(rules: Path, logs: Path) -> None:
    (logs / "somelog").write_text(AUTH, encoding="utf-8")
    result = scan(rules, logs)
    assert found(result) == [("somelog", 3, "Guessing")]
    assert "linux.auth" in result.stderr


def test_correlations_do_not_reach_from_file_to_file(rules: Path, logs: Path) -> None:
    first, second, third = AUTH.splitlines(keepends=True)
    (logs / "auth.log.1").write_text(first + second, encoding="utf-8")
    (logs / "auth.log").write_text(third, encoding="utf-8")
    assert scan(rules, logs).exit_code == 0


def test_encoded_events_are_read_as_collectors_ship_them(rules: Path, logs: Path) -> None:
    lines = [
        encode(
            Event(collector="", epoch="", sequence=1, dataset="linux.auth", host="gate", seen_at=now(), raw=line)
        ).decode()
        for line in AUTH.splitlines()
    ]
    (logs / "batch").write_text("\n".join(lines), encoding="utf-8")
    assert found(scan(rules, logs)) == [("batch", 3, "Guessing")]


def test_nothing_found_is_success(rules: Path, logs: Path) -> None:
    (logs / "events.ndjson").write_text(json.dumps(windows("quiet")), encoding="utf-8")
    result = scan(rules, logs)
    assert (result.exit_code, result.stdout) == (0, "")


def test_broken_lines_are_named_and_the_rest_is_scanned(rules: Path, logs: Path) -> None:
    lines = [json.dumps(windows("a")), "{broken", json.dumps({"Event": {"System": {}}}), json.dumps(windows("whoami"))]
    (logs / "events.ndjson").write_text("\n".join(lines), encoding="utf-8")
    result = scan(rules, logs)
    assert found(result) == [("events.ndjson", 4, "Whoami")]
    assert "events.ndjson:2" in result.stderr
    assert "events.ndjson:3" in result.stderr
    assert "2 broken records" in result.stderr


def test_a_broken_object_spares_those_after_it(rules: Path, logs: Path) -> None:
    good = json.dumps(windows("whoami"), indent=2)
    (logs / "events.json").write_text(f'{good}\n{{"Event": nonsense\n}}\n{good}', encoding="utf-8")
    result = scan(rules, logs)
    assert [name for *_, name in found(result)] == ["Whoami", "Whoami"]
    assert "1 broken records" in result.stderr


def test_a_broken_file_is_named_and_cannot_is_not_nothing(rules: Path, logs: Path) -> None:
    (logs / "bad.evtx").write_bytes(b"ElfFile\x00" + b"\xff" * 5_000)
    (logs / "events.ndjson").write_text(json.dumps(windows("quiet")), encoding="utf-8")
    result = scan(rules, logs)
    assert "bad.evtx" in result.stderr
    assert result.exit_code != 0
    assert isinstance(result.exception, SentinelError)
    assert result.exception.exit_code == 3


def test_a_file_nobody_knows_is_left_out_of_a_folder_and_refused_by_name(rules: Path, logs: Path) -> None:
    (logs / "notes.txt").write_text("dear diary\n", encoding="utf-8")
    (logs / "auth.log").write_text(
        "Nov 23 08:00:00 host sshd[7]: Connection closed by 10.0.0.1 port 1\n", encoding="utf-8"
    )
    result = scan(rules, logs)
    assert result.exit_code == 0
    assert "notes.txt" in result.stderr
    assert isinstance(scan(rules, logs / "notes.txt").exception, SentinelError)


def test_nothing_to_read_is_not_nothing_found(rules: Path, logs: Path) -> None:
    empty = scan(rules, logs)
    (logs / "notes.txt").write_text("dear diary\n", encoding="utf-8")
    for result in (empty, scan(rules, logs)):
        assert isinstance(result.exception, SentinelError)
        assert result.exception.exit_code == 3


def test_names_that_are_not_utf_8_are_read_all_the_same(rules: Path, logs: Path) -> None:
    (logs / os.fsdecode(b"auth\xff.log")).write_text(AUTH, encoding="utf-8")
    rules.rename(rules.with_name(os.fsdecode(b"rule\xff.yml")))
    result = scan(rules.parent, logs)
    assert [name for *_, name in found(result)] == ["Guessing"], result.stderr


def test_a_folder_that_may_not_be_looked_into_is_not_an_empty_one(
    rules: Path, logs: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (logs / "auth.log").write_text(AUTH.replace("Failed", "Accepted"), encoding="utf-8")
    (logs / "locked").mkdir()
    may = os.access  # Tests may run as root, who may do everything.
    monkeypatch.setattr(os, "access", lambda path, mode: Path(path).name != "locked" and may(path, mode))
    result = scan(rules, logs)
    assert "locked" in result.stderr
    assert isinstance(result.exception, SentinelError)
    assert result.exception.exit_code == 3


def test_the_dataset_can_be_said(rules: Path, logs: Path) -> None:
    (logs / "x").write_text("\n" + AUTH.replace("sshd[7]", "sshd"), encoding="utf-8")
    result = CliRunner().invoke(app, [str(logs), "--rules", str(rules), "--json", "--dataset", "linux.auth"])
    assert [name for *_, name in found(result)] == ["Guessing"]
    wrong = CliRunner().invoke(app, [str(logs), "--rules", str(rules), "--dataset", "no.such"])
    assert isinstance(wrong.exception, SentinelError)
    assert wrong.exception.exit_code == 2


@pytest.mark.parametrize("missing", ["logs", "rules"])
def test_a_missing_path_is_wrong_use(missing: str, rules: Path, logs: Path) -> None:
    result = scan(rules, logs / "no") if missing == "logs" else scan(rules / "no", logs)
    assert isinstance(result.exception, SentinelError)
    assert result.exception.exit_code == 2


def test_without_a_usable_rule_it_says_so(tmp_path: Path, logs: Path) -> None:
    path = tmp_path / "bad.yml"
    path.write_text("title: [", encoding="utf-8")
    result = scan(path, logs)
    assert "bad.yml" in result.stderr
    assert isinstance(result.exception, SentinelError)
    assert result.exception.exit_code == 3


def test_people_get_a_table(rules: Path, logs: Path) -> None:
    (logs / "events.ndjson").write_text(json.dumps(windows("whoami")), encoding="utf-8")
    result = CliRunner().invoke(app, [str(logs), "--rules", str(rules)])
    assert result.exit_code == 1
    assert "Whoami" in result.stdout
    assert "events.ndjson:1" in result.stdout


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=150, deadline=None)
@given(
    content=st.binary(max_size=300)
    | st.text(alphabet=st.sampled_from('{}[]",:\n aE1'), max_size=80).map(str.encode)
    | st.binary(max_size=200).map(lambda body: b"ElfFile\x00" + body)
    | st.binary(max_size=100).map(lambda body: b"\x1f\x8b" + body)
)
def test_no_file_can_break_the_reader(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(content)
    try:
        for event in Source(path, None, now()).read():
            assert event.sequence >= 1
    except SentinelError as error:
        assert str(path) in str(error)
