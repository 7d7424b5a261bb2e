"""`sentinel user` and `sentinel collector`: data on standard output, the rest beside it, no secret as an argument."""

import base64
import json
from pathlib import Path

import pytest
from typer import Typer
from typer.testing import CliRunner, Result

from sentinel.cli import collector, user
from sentinel.cli.columns import show
from sentinel.cli.init import create
from sentinel.errors import InputError
from sentinel.wiring import open_home


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("home") / "sentinel"
    create(path, host="127.0.0.1", port=8443, names=["localhost"], administrator="admin")
    return path


def run(app: Typer, home: Path, *arguments: str, stdin: str = "") -> Result:
    result = CliRunner().invoke(app, [*arguments, "--home", str(home)], input=stdin, env={"TERM": "dumb"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_a_new_user_gets_a_link_that_works_once(home: Path) -> None:
    result = run(user.app, home, "add", "Lan", "--role", "operator", "--agency", "dept-finance")
    assert result.stdout.startswith("https://localhost:8443/sign-in/link?token=")
    assert len(result.stdout.splitlines()) == 1
    assert "Added lan, operator of dept-finance." in result.stderr
    opened = open_home(home)
    session = opened.sign_in.with_link(result.stdout.strip().partition("=")[2], "127.0.0.1")
    assert (session.principal.name, session.principal.scope) == ("lan", {"dept-finance"})
    opened.close()


def test_a_password_is_read_from_standard_input(home: Path) -> None:
    password = "bốn từ dễ nhớ nhé"
    run(user.app, home, "add", "minh", "--role", "auditor", "--agency", "city", "--password", stdin=password + "\n")
    opened = open_home(home)
    assert opened.sign_in.with_password("minh", password, "127.0.0.1").principal.name == "minh"
    opened.close()
    with pytest.raises(InputError, match="12 to 256 characters"):
        run(user.app, home, "password", "minh", stdin="short\n")
    run(user.app, home, "password", "minh", stdin=password + " mới\n")
    opened = open_home(home)
    assert opened.sign_in.with_password("minh", password + " mới", "127.0.0.1")
    opened.close()


def test_a_disabled_user_is_listed_as_such_and_gets_no_link(home: Path) -> None:
    run(user.app, home, "add", "hoa", "--role", "responder", "--agency", "dept-health")
    run(user.app, home, "disable", "HOA")
    listed = [json.loads(line) for line in run(user.app, home, "list", "--json").stdout.splitlines()]
    assert {"name": "hoa", "role": "responder", "disabled": True}.items() <= next(
        row for row in listed if row["name"] == "hoa"
    ).items()
    assert "hoa" not in run(user.app, home, "list", "--agency", "dept-finance").stdout
    with pytest.raises(InputError, match="no active user"):
        run(user.app, home, "link", "hoa")


def test_an_unknown_user_or_agency_is_named(home: Path) -> None:
    with pytest.raises(InputError, match="no user 'nobody'; `sentinel user list`"):
        run(user.app, home, "link", "nobody")
    with pytest.raises(InputError, match="did you mean 'dept-finance'"):
        run(user.app, home, "add", "x", "--role", "operator", "--agency", "dept-finanse")
    with pytest.raises(InputError, match="did you mean 'dept-finance'"):
        run(collector.app, home, "token", "--agency", "dept-finanse", "--name", "pc")


def test_what_the_command_line_does_is_audited_under_its_name(home: Path) -> None:
    run(user.app, home, "add", "an", "--role", "operator", "--agency", "city")
    opened = open_home(home)
    entries = [entry for entry in opened.audit.entries(limit=500) if entry.object == "an"]
    assert [entry.action for entry in entries] == ["user.created", "sign_in.link_made"]
    assert all(entry.actor.startswith("cli:") for entry in entries)
    opened.close()


def test_a_token_enrols_a_collector_that_can_be_revoked(home: Path) -> None:
    result = run(collector.app, home, "token", "--agency", "dept-tourism", "--name", "quầy 1", "--url", "https://soc:1")
    text = result.stdout.strip()
    token = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    assert token["u"] == "https://soc:1"
    assert len(token["f"]) == 64
    opened = open_home(home)
    made = opened.enrolment.enrol(
        secret=token["s"], secret_hash="a" * 64, host="pc1", version="0.1.0", can_respond=True
    )
    opened.close()
    (row,) = [json.loads(line) for line in run(collector.app, home, "list", "--json").stdout.splitlines()]
    assert (row["id"], row["name"], row["agency"], row["revoked"]) == (made, "quầy 1", "dept-tourism", False)
    run(collector.app, home, "revoke", made, "--why", "máy bị mất")
    assert "yes" in run(collector.app, home, "list").stdout
    assert run(collector.app, home, "list", "--agency", "dept-finance").stdout == ""


def test_columns_are_aligned_and_nothing_steers_the_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    show([{"name": "Hải", "on": True}, {"name": "\x1b[31mred", "on": None}], as_json=False)
    assert capsys.readouterr().out == "name      on\nHải       yes\n\ufffd[31mred  -\n"
