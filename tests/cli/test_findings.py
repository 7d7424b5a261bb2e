"""What `sentinel scan` prints: a table that fits the screen, and a CSV file that is safe to open."""

import csv
import io
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.cells import cell_len
from rich.console import Console

from sentinel.cli.findings import CSV_COLUMNS, Findings, Output
from sentinel.errors import InputError
from sentinel.model.match import Evidence, Level, Match, RuleInfo
from sentinel.model.record import Record
from sentinel.model.spreadsheet import harmless, row

TITLE = "Đăng nhập thất bại nhiều lần 日本語 vào cổng dịch vụ công [red]trực tuyến[/red] của thành phố"
RULE = RuleInfo("id-1", TITLE, Level.CRITICAL, tags=("attack.t1110.001", "attack.initial-access", "attack.T1078"))


def match(at: str, value: str = "x", rule: RuleInfo = RULE) -> tuple[Match, Record]:
    """Return a match and the record it is about."""
    record = Record(id="r", fields={"@timestamp": at, "event.dataset": "linux.auth", "event.sequence": 7})
    return Match(rule, "r", at, (Evidence("s", "user.name", value, "user.name: *"),)), record


def findings(*times: str) -> Findings:
    """Return findings of one rule at several times, one file each."""
    found = Findings()
    for number, at in enumerate(times):
        found.add(Path(f"/logs/auth.{number}"), *match(at))
    return found


def printed(found: Findings, width: int) -> list[str]:
    """Return the lines of the table."""
    console = Console(width=width, file=io.StringIO(), color_system=None)
    console.print(found.table(width))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


@pytest.mark.parametrize("width", [80, 120, 200])
def test_the_table_stays_aligned_whatever_the_title(width: int) -> None:
    lines = printed(findings("2026-11-23T08:00:00.000000Z", "2026-11-23T07:00:00.000000Z"), width)
    assert len({cell_len(line) for line in lines}) == 1
    assert cell_len(lines[0]) <= width
    text = "\n".join(lines)
    for wanted in ("critical", "T1110.001", "T1078", "[red]", "2026-11-23 07:00:00", "2026-11-23 08:00:00", "auth.1:7"):
        assert wanted in text


def test_what_workers_counted_joins_to_one() -> None:
    one, other = findings("2026-11-23T08:00:00.000000Z"), findings("2026-11-23T07:00:00.000000Z")
    one.join(other)
    text = "\n".join(printed(one, 200))
    assert one.count == 2
    assert text.index("07:00:00") < text.index("08:00:00")


def test_a_title_cannot_steer_the_terminal() -> None:
    found = Findings()
    evil = RuleInfo("id", "a\x1b[2Jb", Level.LOW)
    found.add(Path("x\x1b"), *match("2026-11-23T08:00:00.000000Z", rule=evil))
    assert "\x1b" not in "\n".join(printed(found, 200))


@pytest.mark.parametrize("begin", ["=", "+", "-", "@", "\t", "\r", "  =", "\n=", "\x00@", "＝"])
def test_no_cell_is_a_formula(begin: str) -> None:
    assert harmless(f"{begin}cmd|' /C calc'!A0").startswith("'")


@given(st.lists(st.text(), min_size=1, max_size=5))
def test_a_row_is_read_back_as_the_cells_it_was_made_of(cells: list[str]) -> None:
    [back] = csv.reader(io.StringIO(row(cells).decode(), newline=""))
    assert len(back) == len(cells)
    for cell in back:
        assert cell.lstrip()[:1] not in ("=", "+", "-", "@")
        assert all(each.isprintable() or each == "\n" for each in cell)


def test_a_match_is_one_row_with_its_evidence() -> None:
    found = match("2026-11-23T08:00:00.000000Z", "=1+1")
    [cells] = csv.reader(io.StringIO(Output("csv").line(Path("/logs/a"), *found).decode()))
    told = dict(zip(CSV_COLUMNS, cells, strict=True))
    assert told["attack"] == "T1110.001 T1078"
    assert told["evidence"] == "user.name: * <- =1+1"
    assert (told["file"], told["record"], told["events"]) == ("/logs/a", "7", "1")


def test_the_byte_order_mark_comes_only_when_asked_for() -> None:
    assert Output.chosen(json=False, csv=True, bom=True).head().startswith(b"\xef\xbb\xbftime,")
    assert Output.chosen(json=False, csv=True, bom=False).head().startswith(b"time,")
    assert Output.chosen(json=True, csv=False, bom=False).head() == b""


@pytest.mark.parametrize(("json", "csv", "bom"), [(True, True, False), (True, False, True), (False, False, True)])
def test_contradicting_outputs_are_wrong_use(json: bool, csv: bool, bom: bool) -> None:
    with pytest.raises(InputError):
        Output.chosen(json=json, csv=csv, bom=bom)


def test_asking_for_help_loads_nothing_heavy() -> None:
    code = (
        "import sys, sentinel.cli, sentinel.cli.scan;"
        "heavy = {'sigma', 'rich', 'pyarrow', 'duckdb', 'fastapi', 'sqlalchemy', 'yaml', 'evtx', 'orjson'};"
        "sys.exit(', '.join(sorted(heavy & set(sys.modules))) or 0)"
    )
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stderr) == (0, "")


def test_the_command_writes_csv(tmp_path: Path) -> None:
    (tmp_path / "rule.yml").write_text(
        "title: Refused\nlogsource: {product: linux, service: auth}\n"
        "detection: {s: {event.outcome: failure}, condition: s}\n",
        "utf-8",
    )
    (tmp_path / "auth.log").write_text(
        "Nov 23 08:00:01 gate sshd[7]: Failed password for root from 192.0.2.9 port 41 ssh2\n", "utf-8"
    )
    command = [sys.executable, "-c", "from sentinel.cli import main; main()", "scan", "auth.log", "--rules", "rule.yml"]
    ended = subprocess.run([*command, "--csv"], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ended.returncode == 1
    [head, line] = csv.reader(io.StringIO(ended.stdout))
    assert (head, line[2], line[10]) == (list(CSV_COLUMNS), "Refused", "1")
