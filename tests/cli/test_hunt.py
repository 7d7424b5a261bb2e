"""Promises of `sentinel hunt`: rules over what is stored, nothing raised unless asked, exit codes that scripts use."""

import json
from pathlib import Path

import pytest

from sentinel.cli import main
from sentinel.cli.init import create
from sentinel.store import Mark
from sentinel.wiring import open_home
from tests.hunt.test_hunter import FAILED, GUESSED, RULES, record

LEAST = 34


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """Return a home with a hundred log-ins of one agency."""
    folder = tmp_path / "home"
    create(folder, host="127.0.0.1", port=1, names=["localhost"], administrator="admin")
    opened = open_home(folder)
    opened.agencies.load_bundled()
    opened.store.add([record(number, "city") for number in range(100)], Mark(100))
    opened.close()
    (tmp_path / "rules.yml").write_text(RULES)
    return folder


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr("sys.argv", ["sentinel", "hunt", *arguments])
    try:
        main()
    except SystemExit as ended:
        return int(ended.code or 0)
    return 0


def test_a_hunt_names_rules_and_its_id(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = str(home.parent / "rules.yml")
    assert run(monkeypatch, "--rules", rules, "--home", str(home)) == 1
    told = capsys.readouterr()
    assert "Guessed" in told.out
    assert "is done" in told.err
    hunt = told.err.split()[1]
    assert run(monkeypatch, "show", hunt, "--json", "--home", str(home)) == 0
    found = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {each["rule"]["id"] for each in found} == {FAILED, GUESSED}
    assert len(found) > LEAST
    assert run(monkeypatch, "list", "--home", str(home)) == 0
    assert hunt in capsys.readouterr().out
    opened = open_home(home)
    scope = opened.agencies.scope("city")
    assert opened.alerts.find(scope).total == 0
    opened.close()
    assert run(monkeypatch, "alerts", hunt, "--home", str(home)) == 0
    assert "alerts hold what" in capsys.readouterr().err


def test_nothing_found_is_no_failure(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = str(home.parent / "rules.yml")
    assert run(monkeypatch, "--rules", rules, "--query", "host.name:other", "--home", str(home)) == 0
    assert capsys.readouterr().out == ""


def test_the_query_can_be_read_before(
    home: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    rules = str(home.parent / "rules.yml")
    assert run(monkeypatch, "--rules", rules, "--show-query", "--home", str(home)) == 0
    assert "event.action:ssh_login" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--from", "yesterday"), 2, "--from: 'yesterday' is not a time"),
        (("--rule", "nothing"), 2, "no rule with id 'nothing'"),
        (("resume", "nothing"), 2, "no such hunt"),
        (("--agency", "nowhere"), 2, "nowhere"),
    ],
)
def test_wrong_use_is_said(
    home: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: tuple[str, ...],
    status: int,
    said: str,
) -> None:
    rules = () if arguments[0] == "resume" else ("--rules", str(home.parent / "rules.yml"))
    assert run(monkeypatch, *arguments, *rules, "--home", str(home)) == status
    assert said in capsys.readouterr().err
