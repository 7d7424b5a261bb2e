"""The command: exit codes, one sentence for what is wrong, one instance per home."""

import json
import threading
from pathlib import Path
from typing import Any

import pytest

from collectors.main import main
from collectors.run import Collector, alone
from collectors.settings import load


@pytest.fixture
def config(tmp_path: Path, home: Path) -> Path:
    path = tmp_path / "collector.toml"
    path.write_text(
        f'[collector]\nhome = "{home}"\nhost = "web1"\n[[input]]\nkind = "file"\npath = "{tmp_path}/app.log"\n'
        'dataset = "linux.auth"\nname = "app"\nstart = "beginning"\n'
    )
    return path


def test_wrong_settings_are_exit_2(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "collector.toml"
    path.write_text("[spol]\n")
    assert main(["--config", str(path), "run"]) == 2
    assert "did you mean 'spool'?" in capsys.readouterr().err


def test_running_without_enrolment_is_exit_3(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "collector.toml"
    path.write_text(f'[collector]\nhome = "{tmp_path / "home"}"\n')
    assert main(["run", "--config", str(path)]) == 3
    assert "sentinel-collect enrol TOKEN" in capsys.readouterr().err


def test_a_second_collector_on_the_same_home_is_refused(
    config: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with alone(home):
        assert main(["--config", str(config), "run"]) == 3
    assert "another collector works in" in capsys.readouterr().err


def test_check_finds_everything_right(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", str(config), "check"]) == 0
    said = capsys.readouterr().out
    assert "PROBLEM" not in said
    assert "enrolled as c1 of agency dept-finance" in said
    assert "app.log: no file there yet; it is waited for" in said
    assert "SHA-256" in said


def test_check_says_when_the_server_is_not_there(
    config: Path, receiver: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    receiver.stop()
    assert main(["--config", str(config), "check"]) == 1
    assert "PROBLEM server: cannot reach the server" in capsys.readouterr().out


def test_check_sends_no_event(config: Path, receiver: Any) -> None:
    (config.parent / "app.log").write_text("one\n")
    main(["--config", str(config), "check"])
    assert receiver.ledger == {}
    assert receiver.statuses == []


def test_status_before_the_first_run_says_so(config: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--config", str(config), "status"]) == 3
    assert "no collector has run there yet" in capsys.readouterr().err


def test_a_run_ships_reports_and_stops(config: Path, receiver: Any, capsys: pytest.CaptureFixture[str]) -> None:
    (config.parent / "app.log").write_text("one\n")
    stop = threading.Event()
    collector = Collector(load(config))
    thread = threading.Thread(target=collector.run, args=(stop,))
    thread.start()
    try:
        receiver.wait(lambda: receiver.raws == ["one"] and receiver.statuses)
    finally:
        stop.set()
        thread.join(30)
    assert not thread.is_alive()
    report = receiver.statuses[0]
    for name in ("spool_events", "spool_bytes", "spool_limit_bytes", "oldest_event_at", "drops", "inputs"):
        assert name in report
    assert main(["--config", str(config), "status"]) == 1
    said = capsys.readouterr().out
    assert "does not run" in said
    assert "app: reading, 1 readings" in said
    assert main(["--config", str(config), "status", "--json"]) == 1
    assert json.loads(capsys.readouterr().out)["collector"] == "c1"


def test_nothing_secret_is_in_status_or_report(config: Path, home: Path, receiver: Any) -> None:
    collector = Collector(load(config))
    stop = threading.Event()
    stop.set()
    collector.run(stop)
    secret = json.loads((home / "identity.json").read_text())["secret"]
    assert secret not in (home / "status.json").read_text()
