"""`sentinel rules coverage`: the ATT&CK matrix as a table, a Navigator layer and a picture."""

import json
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from typer.testing import CliRunner, Result

from sentinel.cli.coverage.attack import TACTICS, name_of, tactics_of, techniques
from sentinel.cli.coverage.matrix import matrix
from sentinel.cli.coverage.navigator import layer
from sentinel.cli.coverage.picture import picture
from sentinel.cli.rules import app
from sentinel.model.match import Level, RuleInfo

EVIL = "</text><script>alert(1)</script> & \"'\x00 Đăng nhập"


def rule(number: int, *tags: str, title: str = "A rule") -> RuleInfo:
    """Return a rule with tags."""
    return RuleInfo(f"id-{number}", title, Level.HIGH, tags=tuple(f"attack.{tag}" for tag in tags))


RULES = [
    rule(1, "initial-access", "t1078"),
    rule(2, "t1059.004", "T1059.004", "execution", title=EVIL),
    rule(3, "credential-access", "t1110.001", "t1110.003"),
    rule(4, "stealth", "t1070.002"),
    rule(5, "impact", "t9999"),
    rule(6, "discovery"),
]


def test_a_technique_stands_below_the_tactics_its_rule_means() -> None:
    found = matrix(RULES)
    cells = {(tactic, technique): len(rules) for tactic, technique, rules in found.rows()}
    assert cells == {
        ("initial-access", "T1078"): 1,
        ("execution", "T1059.004"): 1,
        ("credential-access", "T1110.001"): 1,
        ("credential-access", "T1110.003"): 1,
        ("stealth", "T1070.002"): 1,
        ("impact", "T9999"): 1,
    }
    assert list(found.cells) == sorted(found.cells, key=TACTICS.index)
    assert [each.id for each in found.untagged] == ["id-6"]
    # Without a tactic of its own, all that the technique serves.
    assert tactics_of("T1110", frozenset()) == {"credential-access"}
    assert len(tactics_of("T1078", frozenset())) > 1


def test_the_names_are_those_of_attack() -> None:
    assert name_of("T1110.001") == "Password Guessing"
    assert name_of("T9999") == ""
    assert all(each.name and each.tactics <= set(TACTICS) for each in techniques().values())


def test_the_layer_is_what_the_navigator_reads() -> None:
    found = layer(matrix(RULES), "City")
    assert found["versions"] == {"layer": "4.5"}
    assert (found["name"], found["domain"]) == ("City", "enterprise-attack")
    entries = found["techniques"]
    assert isinstance(entries, list)
    told = {entry["techniqueID"]: entry for entry in entries}
    assert len(told) == len(entries)
    assert told["T1110"] == {"techniqueID": "T1110", "enabled": True, "showSubtechniques": True}
    assert told["T1059.004"]["score"] == 1
    known = {"techniqueID", "score", "comment", "enabled", "showSubtechniques"}
    assert all(set(entry) <= known and isinstance(entry.get("score", 0), int) for entry in entries)
    gradient = found["gradient"]
    assert isinstance(gradient, dict)
    assert set(gradient) == {"colors", "minValue", "maxValue"}


def test_the_picture_is_sound_xml_and_runs_nothing() -> None:
    text = picture(matrix(RULES), EVIL)
    root = Xml.fromstring(text)
    names = {element.tag.rpartition("}")[2] for element in root.iter()}
    assert names == {"svg", "title", "style", "rect", "text", "g"}
    assert not any(name.startswith("on") or "href" in name for element in root.iter() for name in element.attrib)
    assert "prefers-color-scheme:dark" in text
    words = "".join(root.itertext())
    assert "Đăng nhập" in words
    assert "Brute Force" in words


def test_no_rule_makes_an_empty_picture() -> None:
    assert Xml.fromstring(picture(matrix([]), "nothing")).tag.endswith("svg")


def run(*arguments: str | Path) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["coverage", *map(str, arguments)])


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with a rule."""
    (tmp_path / "rule.yml").write_text(
        "title: Đoán mật khẩu\nlevel: high\ntags: [attack.credential-access, attack.t1110.001]\n"
        "logsource: {product: linux, service: auth}\ndetection: {s: {user.name: root}, condition: s}\n",
        "utf-8",
    )
    return tmp_path


def test_the_command_shows_a_table_and_writes_files(folder: Path) -> None:
    result = run(folder)
    assert result.exit_code == 0
    assert "Credential Access" in result.stdout
    assert "Password Guessing" in result.stdout
    assert "1 of 1 rules speak of 1 techniques" in result.stderr
    assert run(folder, "--svg", folder / "x.svg", "--navigator", folder / "x.json").stdout == ""
    assert "Đoán" in (folder / "x.svg").read_text("utf-8")
    assert json.loads((folder / "x.json").read_text("utf-8"))["techniques"][1]["comment"] == "Đoán mật khẩu"
    assert json.loads(run(folder, "--navigator", "-").stdout)["domain"] == "enterprise-attack"
    assert json.loads(run(folder, "--json").stdout)["technique"] == "T1110.001"


def test_what_cannot_be_written_is_said(folder: Path) -> None:
    assert run(folder, "--svg", folder / "no" / "x.svg").exit_code != 0
