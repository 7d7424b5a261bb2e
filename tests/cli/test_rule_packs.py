"""`sentinel rules install`, `pack`, `list` and `test`, as somebody runs them."""

import json
import os
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree as Xml

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from rich.cells import cell_len
from typer.testing import CliRunner, Result

from sentinel.cli.rules import app
from sentinel.errors import SentinelError
from sentinel.event import Event, encode
from sentinel.model.moment import now

TITLE = "Đăng nhập thất bại nhiều lần vào cổng dịch vụ công trực tuyến 日本"
RULE = f"""title: {TITLE}
id: 33333333-3333-4333-8333-333333333333
status: experimental
level: high
tags: [attack.t1110]
logsource: {{product: linux, service: auth}}
detection: {{selection: {{event.outcome: failure}}, condition: selection}}
"""
FAILED = "Nov 23 08:00:01 gate sshd[7]: Failed password for root from 192.0.2.9 port 4222 ssh2"


def run(*arguments: str | Path) -> Result:
    """Run a sub-command in this process."""
    return CliRunner().invoke(app, [str(argument) for argument in arguments])


def command(*arguments: str | Path, width: int = 200) -> subprocess.CompletedProcess[str]:
    """Run `sentinel` as a process of its own, on a screen of `width` columns."""
    words = [sys.executable, "-c", "from sentinel.cli import main; main()", *map(str, arguments)]
    return subprocess.run(words, capture_output=True, text=True, check=False, env={**os.environ, "COLUMNS": str(width)})


@pytest.fixture
def source(tmp_path: Path) -> Path:
    """Return a folder with a sound rule, its sample, a deprecated, a broken and an unheard-of rule."""
    folder = tmp_path / "source"
    folder.mkdir()
    event = Event(collector="", epoch="", sequence=1, dataset="linux.auth", host="gate", seen_at=now(), raw=FAILED)
    (folder / "sound.yml").write_text(RULE, "utf-8")
    (folder / "sound.fires.ndjson").write_bytes(encode(event))
    (folder / "sound.quiet.ndjson").write_bytes(
        encode(
            Event(
                collector="",
                epoch="",
                sequence=1,
                dataset="linux.auth",
                host="gate",
                seen_at=now(),
                raw=FAILED.replace("Failed", "Accepted"),
            )
        )
    )
    (folder / "old.yml").write_text(RULE.replace("3333-", "4444-").replace("experimental", "deprecated"), "utf-8")
    (folder / "broken.yml").write_text("title: [", "utf-8")
    unheard = RULE.replace("3333-", "5555-").replace("linux, service: auth", "abacus, service: beads")
    (folder / "unheard.yml").write_text(unheard.replace(TITLE, "Beads"), "utf-8")
    return folder


def keys(folder: Path) -> tuple[Path, Path]:
    """Write a key pair."""
    key = Ed25519PrivateKey.generate()
    private, public = folder / "pack.key", folder / "pack.pub"
    pem = serialization.Encoding.PEM
    private.write_bytes(key.private_bytes(pem, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()))
    public.write_bytes(key.public_key().public_bytes(pem, serialization.PublicFormat.SubjectPublicKeyInfo))
    return private, public


def test_a_pack_goes_from_one_city_to_another(source: Path, tmp_path: Path) -> None:
    private, public = keys(tmp_path)
    out, into = tmp_path / "city.tar.gz", tmp_path / "into"
    made = command("rules", "pack", source, "--key", private, "--name", "city", "--version", "1.0", "--out", out)
    assert (made.returncode, made.stdout) == (0, "")
    refused = command("rules", "install", out, "--into", into)
    assert (refused.returncode, into.exists()) == (2, False)
    assert "--trust" in refused.stderr
    done = command("rules", "install", out, "--into", into, "--trust", public)
    assert done.returncode == 1
    assert "broken.yml" in done.stderr
    assert "2 rules" in done.stderr
    told = json.loads(command("rules", "install", "--list", "--into", into, "--json").stdout)
    assert (told["name"], told["version"], told["rules"], told["set_aside"]) == ("city", "1.0", 2, 2)
    assert told["signed_by"]
    skipped = run("list", into, "--why-skipped", "--json").stdout.splitlines()
    assert {(Path(each["file"]).name, each["kind"]) for each in map(json.loads, skipped)} == {
        ("broken.yml.set-aside", "broken"),
        ("old.yml.set-aside", "set aside"),
        ("unheard.yml", "never"),
    }


def test_a_damaged_pack_installs_nothing(source: Path, tmp_path: Path) -> None:
    private, public = keys(tmp_path)
    out, into = tmp_path / "city.tar.gz", tmp_path / "into"
    assert run("pack", source, "--key", private, "--name", "city", "--version", "1.0", "--out", out).exit_code == 0
    content = bytearray(out.read_bytes())
    content[len(content) // 2] ^= 0xFF
    out.write_bytes(content)
    error = run("install", out, "--into", into, "--trust", public).exception
    assert isinstance(error, SentinelError)
    assert not into.exists()


@pytest.mark.parametrize(
    "options", [(), ("--list",), ("x", "--into", "y", "--list"), ("x", "--into", "y", "--home", "z", "--unsigned")]
)
def test_what_contradicts_itself_is_wrong_use(options: tuple[str, ...]) -> None:
    error = run("install", *options).exception
    assert isinstance(error, SentinelError)
    assert error.exit_code == 2


def test_a_server_is_told_to_read_the_packs_and_says_in_which_state_rules_are(source: Path, tmp_path: Path) -> None:
    home = tmp_path / "home"
    made = command("init", "--home", home)
    assert made.returncode == 0, made.stderr
    done = command("rules", "install", source, "--home", home, "--unsigned")
    assert "the server does not read it yet" in done.stderr
    settings = home / "sentinel.toml"
    settings.write_text(settings.read_text("utf-8") + f'\n[content]\nrules = ["{home / "rules"}"]\n', "utf-8")
    again = command("rules", "install", source, "--home", home, "--unsigned")
    assert "does not read" not in again.stderr
    told = [json.loads(line) for line in command("rules", "list", "--home", home, "--json").stdout.splitlines()]
    assert {each["title"]: each["state"] for each in told} == {TITLE: "shadow", "Beads": "shadow"}
    assert command("rules", "list", "--home", home, "--agency", "nowhere").returncode == 2
    assert "2 rules" in command("rules", "install", "--back", "source", "--home", home).stderr


@pytest.mark.parametrize("width", [80, 200])
def test_the_list_stays_aligned_whatever_the_title(width: int, source: Path) -> None:
    lines = command("rules", "list", source, width=width).stdout.splitlines()
    assert len({cell_len(line) for line in lines}) == 1
    assert cell_len(lines[0]) <= width


@pytest.mark.parametrize(
    ("options", "count"),
    [
        (("--level", "critical"), 0),
        (("--level", "high"), 2),
        (("--tag", "T1110"), 2),
        (("--tag", "t1078"), 0),
        (("--product", "linux"), 1),
        (("--product", "linux", "--level", "low", "--tag", "t1110"), 1),
    ],
)
def test_rules_are_chosen_by_what_they_are(options: tuple[str, ...], count: int, source: Path) -> None:
    result = run("list", source, "--json", *options)
    assert len(result.stdout.splitlines()) == count
    assert isinstance(run("list", source, "--level", "huge").exception, SentinelError)


def test_every_rule_that_is_not_used_is_named_with_place_and_reason(source: Path) -> None:
    result = run("list", source, "--why-skipped")
    assert result.exit_code == 0
    for wanted in ("broken.yml: broken: not YAML", "old.yml:1: set aside: deprecated", "unheard.yml:6: never: no log"):
        assert wanted in result.stdout
    assert "3 rules are not used" in result.stderr


def test_the_outcome_of_samples_goes_to_programs_and_to_ci(source: Path, tmp_path: Path) -> None:
    (source / "old.yml").unlink()
    (source / "unheard.yml").unlink()
    (source / "bad\x01.yml").write_text(RULE.replace("3333-", "6666-"), "utf-8")
    report = tmp_path / "report.xml"
    result = command("rules", "test", source, "--json", "--junit", report)
    assert result.returncode == 1
    told = {Path(each["file"]).name: each for each in map(json.loads, result.stdout.splitlines())}
    assert told["sound.yml"]["ok"] is True
    assert told["sound.yml"]["also_fires"][0]["title"] == TITLE
    assert len(told["bad\x01.yml"]["problems"]) == 2
    [suite] = Xml.parse(report).getroot()
    assert {key: suite.get(key) for key in ("tests", "failures", "errors")} == {
        "tests": "3",
        "failures": "1",
        "errors": "1",
    }
    names = [case.get("name") for case in suite]
    assert names == ["bad\N{REPLACEMENT CHARACTER}", "sound", "broken"]


def test_samples_are_made_of_a_log(tmp_path: Path) -> None:
    (tmp_path / "auth.log").write_text(f"{FAILED}\n{FAILED.replace('Failed', 'Accepted')}\n", "utf-8")
    (tmp_path / "sound.yml").write_text(RULE, "utf-8")
    for number, kind in ((1, "fires"), (2, "quiet")):
        made = command("rules", "sample", tmp_path / "auth.log", "--record", number)
        assert made.returncode == 0, made.stderr
        (tmp_path / f"sound.{kind}.ndjson").write_text(made.stdout, "utf-8")
    assert run("test", tmp_path).exit_code == 0
    error = run("sample", tmp_path / "auth.log", "--record", "3").exception
    assert isinstance(error, SentinelError)


def test_placeholders_and_pipelines_are_taken_everywhere(tmp_path: Path) -> None:
    rule = RULE.replace("event.outcome: failure", "Nutzer|expand: '%admins%'")
    (tmp_path / "listed.yml").write_text(rule, "utf-8")
    (tmp_path / "auth.log").write_text(f"{FAILED}\n", "utf-8")
    lists, pipeline = tmp_path / "lists.txt", tmp_path / "pipeline.txt"
    lists.write_text("admins: [root]\n", "utf-8")
    pipeline.write_text(
        "name: p\npriority: 1\ntransformations:\n  - {type: field_name_mapping, mapping: {Nutzer: user.name}}\n",
        "utf-8",
    )
    options = ("--placeholders", lists, "--pipeline", pipeline)
    assert "1 rules" in run("list", tmp_path, *options).stderr
    assert "0 rules" in run("list", tmp_path).stderr
    explained = command("explain", tmp_path / "auth.log", "--rule", tmp_path / "listed.yml", *options)
    assert explained.returncode == 0, explained.stdout + explained.stderr
    assert "unmapped" not in run("check", tmp_path, "--no-sigma", *options).stdout
    assert run("coverage", tmp_path, *options).exit_code == 0


def test_check_and_coverage_run_as_commands(source: Path, tmp_path: Path) -> None:
    checked = command("rules", "check", source, "--json")
    assert checked.returncode == 1
    found = [json.loads(line) for line in checked.stdout.splitlines()]
    assert {"broken", "no-log-source"} <= {each["check"] for each in found}
    assert all(each["message"] and each["path"] for each in found)
    (source / "broken.yml").unlink()
    assert command("rules", "check", source, "--no-sigma").returncode == 1
    covered = command("rules", "coverage", source, "--navigator", "-")
    assert json.loads(covered.stdout)["techniques"][0]["techniqueID"] == "T1110"
