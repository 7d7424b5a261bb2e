"""`sentinel playbook` says what is wrong, where, and by its exit code that something is."""

from pathlib import Path

from typer.testing import CliRunner

from sentinel.cli.playbook import app
from tests.playbooks.stage import BLOCK

RUN = CliRunner()
CASE = """playbook: block.yml
cases:
  - name: a yes blocks
    alert: {tags: [test.block], fields: {agent.id: a, source.ip: 203.0.113.9}}
    decisions: {decide: approved}
    expect: {state: STATE}
"""


def written(folder: Path, text: str = BLOCK, state: str = "done") -> str:
    (folder / "block.yml").write_text(text)
    (folder / "block.test.yml").write_text(CASE.replace("STATE", state))
    return str(folder)


def test_the_bundled_playbooks_are_in_order() -> None:
    for command in ("check", "test", "list"):
        result = RUN.invoke(app, [command])
        assert result.exit_code == 0, result.output


def test_a_fault_is_shown_with_its_place(tmp_path: Path) -> None:
    result = RUN.invoke(app, ["check", written(tmp_path, BLOCK.replace("    ttl: 4h\n", ""))])
    assert result.exit_code == 1
    assert f"{tmp_path}/block.yml:" in result.stdout
    assert "add 'ttl'" in result.stdout


def test_a_file_that_cannot_be_read_as_a_playbook_does_not_hide_the_others(tmp_path: Path) -> None:
    (tmp_path / "broken.yml").write_text("[")
    result = RUN.invoke(app, ["check", written(tmp_path, BLOCK.replace("impact: 10", "impact: 101"))])
    assert result.exit_code == 1
    assert "broken.yml:1" in result.stdout
    assert "less than or equal to 100" in result.stdout


def test_a_case_that_comes_out_otherwise_is_shown(tmp_path: Path) -> None:
    assert RUN.invoke(app, ["test", written(tmp_path)]).exit_code == 0
    result = RUN.invoke(app, ["test", written(tmp_path, state="failed")])
    assert result.exit_code == 1
    assert "expected the run to be failed; got done" in result.stdout


def test_the_list_is_data_where_asked(tmp_path: Path) -> None:
    result = RUN.invoke(app, ["list", "--json", written(tmp_path)])
    assert result.exit_code == 0
    assert '"starts_on": ["test.block"]' in result.stdout
