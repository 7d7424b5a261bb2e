"""`sentinel parse` shows what the server makes of a log."""

import gzip
import json
from pathlib import Path

import pytest

from sentinel.cli.parse import app
from sentinel.errors import InputError, UnavailableError

GOOD = "Nov 23 02:00:00 portal01 sshd[1]: Failed password for root from 10.0.0.9 port 4 ssh2\n"


def run(*arguments: str) -> int:
    """Return the exit code; typer ends with SystemExit always."""
    with pytest.raises(SystemExit) as ended:
        app(args=list(arguments), prog_name="sentinel parse")
    return int(ended.value.code or 0)


def test_prints_one_nested_object_per_line(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    log = tmp_path / "auth.log"
    log.write_text(GOOD + GOOD)
    assert run("--dataset", "linux.auth", "--timezone", "+07:00", str(log)) == 0
    out, err = capsysbinary.readouterr()
    first, second = map(json.loads, out.splitlines())
    assert first["source"] == {"ip": "10.0.0.9", "port": 4}
    assert first["@timestamp"].endswith("-11-22T19:00:00.000000Z")
    assert (first["event"]["sequence"], second["event"]["sequence"]) == (1, 2)
    assert first["log"]["file"]["path"] == str(log)
    assert err == b"2 lines, 0 rejected\n"


def test_a_rejected_line_is_shown_and_the_rest_goes_on(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    log = tmp_path / "auth.log.gz"
    log.write_bytes(gzip.compress(b"\xff nonsense\n" + GOOD.encode()))
    assert run("--dataset", "linux.auth", str(log)) == 1
    first, second = map(json.loads, capsysbinary.readouterr().out.splitlines())
    assert first["event"]["kind"] == "pipeline_error"
    assert first["event"]["original"] == "\\xff nonsense"
    assert second["event"]["kind"] == "event"


def test_says_which_datasets_there_are(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no parser for dataset 'linux\.aut'; known are linux\.auth"):
        app(args=["--dataset", "linux.aut", str(tmp_path / "x")], prog_name="sentinel parse")


@pytest.mark.parametrize("name", ["missing.log", "broken.gz", "broken.evtx"])
def test_a_file_that_cannot_be_read_is_named(tmp_path: Path, name: str) -> None:
    if name.startswith("broken"):
        (tmp_path / name).write_bytes(b"not what the name says")
    with pytest.raises(UnavailableError, match=name):
        app(args=["--dataset", "windows.evtx", str(tmp_path / name)], prog_name="sentinel parse")


def test_a_log_that_names_its_columns_once_is_read(tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]) -> None:
    path = tmp_path / "u_ex.log"
    path.write_text("#Fields: date time cs-method cs-uri-stem c-ip\n2026-11-23 01:00:00 GET /a 192.0.2.9\n")
    assert run("--dataset", "iis.access", str(path)) == 0
    assert json.loads(capsysbinary.readouterr().out)["url"]["original"] == "/a"


def test_records_of_an_audit_event_are_read_together(
    tmp_path: Path, capsysbinary: pytest.CaptureFixture[bytes]
) -> None:
    path = tmp_path / "audit.log"
    path.write_text('type=SYSCALL msg=audit(1.0:7): exe="/bin/id"\ntype=EXECVE msg=audit(1.0:7): argc=1 a0="id"\n')
    assert run("--dataset", "linux.audit_event", str(path)) == 0
    [line] = capsysbinary.readouterr().out.splitlines()
    process = json.loads(line)["process"]
    assert (process["executable"], process["command_line"], process["args"]) == ("/bin/id", "id", ["id"])
