"""`sentinel search` finds stored events, within an agency, beside a running server."""

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from sentinel.cli import search
from sentinel.cli.init import create
from sentinel.errors import InputError
from sentinel.store import Mark
from sentinel.wiring import open_home
from tests.store.examples import record


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("home") / "sentinel"
    create(path, host="127.0.0.1", port=8443, names=["localhost"], administrator="admin")
    opened = open_home(path)
    opened.store.add(
        [
            record(1, agency="dept-finance", message="Đăng nhập từ Hải Phòng", host__name="web\x1b[31m01"),
            record(2, agency="dept-health", message="nothing"),
            record(3600, agency="dept-finance", message="later"),
        ],
        Mark(3),
    )
    opened.close()
    return path


def run(home: Path, *arguments: str) -> Result:
    result = CliRunner().invoke(search.app, [*arguments, "--home", str(home)], env={"TERM": "dumb"})
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_what_matches_is_printed_newest_first_in_the_display_zone(home: Path) -> None:
    result = run(home)
    heads, *rows = result.stdout.splitlines()
    assert heads.split() == ["time", "dataset", "host", "text"]
    assert [row[:19] for row in rows] == ["2026-11-23 16:00:00", "2026-11-23 15:00:02", "2026-11-23 15:00:01"]
    assert result.stderr == "3 of 3 found.\n"


def test_json_is_nested_ecs_one_object_a_line(home: Path) -> None:
    (line,) = run(home, "hai phong", "--json").stdout.splitlines()
    assert json.loads(line)["organization"]["id"] == "dept-finance"


def test_a_value_cannot_steer_the_terminal(home: Path) -> None:
    assert "\x1b" not in run(home, "hai phong").stdout


def test_the_agency_limits_what_is_found(home: Path) -> None:
    assert "1 of 1 found" in run(home, "*", "--agency", "dept-health").stderr
    with pytest.raises(InputError, match="no agency 'nowhere'"):
        run(home, "*", "--agency", "nowhere")


def test_times_without_a_zone_are_in_the_display_zone(home: Path) -> None:
    assert "1 of 1 found" in run(home, "--from", "2026-11-23T15:30").stderr
    assert "2 of 2 found" in run(home, "--to", "2026-11-23T08:30Z").stderr
    with pytest.raises(InputError, match="--from"):
        run(home, "--from", "yesterday")


def test_a_wrong_query_says_where(home: Path) -> None:
    with pytest.raises(InputError, match="character 13"):
        run(home, "process.pid:many")


def test_times_may_be_so_long_ago(home: Path) -> None:
    assert "0 of 0 found" in run(home, "--from", "1m").stderr
    assert "of 3 found" in run(home, "--from", "9999d").stderr


def test_pages_frequent_values_and_bars_are_printed(home: Path) -> None:
    result = run(home, "--limit", "2", "--top", "organization.id", "--histogram", "10")
    assert "         2  dept-finance" in result.stdout
    assert "2026-11-23 15:00:00           2  ####" in result.stdout
    place = result.stderr.split("--after ")[1].strip()
    assert "1 of 3 found" in run(home, "--limit", "2", "--after", place).stderr


def test_hits_are_sorted_by_a_field(home: Path) -> None:
    _, *rows = run(home, "--sort", "organization.id", "--ascending").stdout.splitlines()
    assert rows[-1].endswith("nothing")


def test_everything_is_exported(home: Path, tmp_path: Path) -> None:
    lines = run(home, "dang nhap", "--export", "jsonl").stdout.splitlines()
    assert [json.loads(line)["organization"]["id"] for line in lines] == ["dept-finance"]
    file = tmp_path / "events.csv"
    assert "3 exported" in run(home, "--export", "csv", "--output", str(file), "--fields", "message").stderr
    assert file.read_text("utf-8").splitlines() == ["message", "Đăng nhập từ Hải Phòng", "nothing", "later"]
    with pytest.raises(InputError, match="there already"):
        run(home, "--export", "csv", "--output", str(file))
    with pytest.raises(InputError, match="no format"):
        run(home, "--export", "xlsx")


def test_it_works_beside_a_writer(home: Path) -> None:
    opened = open_home(home)
    opened.store.add([], Mark(4))
    assert "of 3 found" in run(home).stderr
    opened.close()
