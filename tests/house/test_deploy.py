"""What `deploy/` offers fits the server: units verify, settings load, compose files and pages name what there is."""

import os
import re
import shlex
import shutil
import subprocess
import tomllib
from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
import yaml
from typer.main import get_command

from sentinel.cli import COMMANDS
from sentinel.config import Settings, load
from sentinel.home import make_keys
from tests.house.source import ROOT
from tests.live.servers.kafka import SETTINGS as TESTED_KAFKA

DEPLOY = ROOT / "deploy"
UNITS = sorted([*DEPLOY.rglob("*.service"), *DEPLOY.rglob("*.timer")])
COMPOSE = sorted(DEPLOY.rglob("compose.yml"))
PAGES = sorted((ROOT / "docs" / "how-to").glob("*.md"))
SERVICE_KEYS = {
    "image", "build", "command", "restart", "stop_grace_period", "read_only", "cap_drop", "security_opt", "tmpfs",
    "mem_limit", "ulimits", "volumes", "ports", "environment", "secrets", "depends_on", "healthcheck",
}  # fmt: skip
"""Of the Compose Specification: those we use, so that a misspelt one is found."""


def name(path: Path) -> str:
    return path.relative_to(ROOT).as_posix()


def needs(program: str) -> str:
    found = shutil.which(program) or shutil.which(program, path="/usr/sbin")
    if found is None:
        if os.environ.get("CI"):
            pytest.fail(f"{program} is missing; run `make packages`")
        pytest.skip(f"{program} is missing")
    return found


@pytest.mark.parametrize("path", UNITS, ids=name)
def test_units_verify(path: Path, tmp_path: Path) -> None:
    program = needs("systemd-analyze")
    for each in path.parent.glob("*.*"):
        if each.suffix in (".service", ".timer"):
            text = re.sub(r"/opt/sentinel/bin/[\w-]+", "/bin/true", each.read_text("utf-8"))
            (tmp_path / each.name).write_text(text, "utf-8")
    target = path.name.replace("@.", "@1.")
    if target != path.name:
        (tmp_path / target).symlink_to(tmp_path / path.name)
    done = subprocess.run([program, "verify", tmp_path / target], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize("path", [each for each in UNITS if each.suffix == ".service"], ids=name)
def test_units_start_a_command_that_there_is(path: Path) -> None:
    text = path.read_text("utf-8").replace("\\\n", " ")
    (line,) = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    program, command, *words = shlex.split(line)
    if Path(program).name == "sentinel":
        fits(command, words)
    assert "NoNewPrivileges=yes" in text


def fits(command: str, words: list[str]) -> None:
    """Assert that there is such a command, with such options."""
    assert command in COMMANDS
    found: Any = get_command(import_module(COMMANDS[command][0]).app)
    every = [found, *getattr(found, "commands", {}).values()]
    options = {option for each in every for parameter in each.params for option in parameter.opts}
    for word in words:
        assert not word.startswith("--") or word in options, f"sentinel {command} has no {word}"


@pytest.mark.parametrize("path", COMPOSE, ids=name)
def test_compose_files_are_consistent(path: Path) -> None:
    document: dict[str, Any] = yaml.safe_load(path.read_text("utf-8"))
    services = document["services"]
    for service in services.values():
        assert set(service) <= SERVICE_KEYS
        assert "image" in service
        assert set(service.get("depends_on", {})) <= set(services)
        for volume in service.get("volumes", []):
            source = volume.split(":")[0]
            assert (path.parent / source).exists() if source.startswith(".") else source in document["volumes"]
        assert set(service.get("secrets", [])) <= set(document.get("secrets", {}))
        assert not [
            key for key, value in service.get("environment", {}).items() if "PASSWORD" in key and "/" not in value
        ]
        if service["image"] == "sentinel:local":
            fits(service["command"][0], service["command"][1:])
            assert service["read_only"]
            assert service["cap_drop"] == ["ALL"]
            assert (path.parent / service["build"]["context"] / service["build"]["dockerfile"]).is_file()


def test_the_image_copies_what_the_package_is_made_of() -> None:
    copied = re.findall(r"^COPY (?!--from)(.+) \S+$", (DEPLOY / "Dockerfile").read_text("utf-8"), re.MULTILINE)
    paths = {word for line in copied for word in line.split()}
    assert all((ROOT / each).exists() for each in paths)
    wheel = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["hatch"]["build"]["targets"]["wheel"]
    assert {*wheel["packages"], *wheel["force-include"]} <= paths


def test_settings_of_the_scaled_set_up_are_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in [each for each in os.environ if each.startswith("SENTINEL_")]:
        monkeypatch.delenv(variable)
    shutil.copy(DEPLOY / "scaled" / "sentinel.toml", tmp_path / "sentinel.toml")
    by_file = load(tmp_path)
    (tmp_path / "sentinel.toml").write_text("")
    document = yaml.safe_load((DEPLOY / "scaled" / "compose.yml").read_text("utf-8"))
    for service in ("web", "pipeline"):
        for variable, value in document["services"][service]["environment"].items():
            monkeypatch.setenv(variable, value)
        by_variables = load(tmp_path)
        for section in ("journal", "store", "pipeline"):
            assert getattr(by_variables, section) == getattr(by_file, section)
        assert by_variables.database.url == by_file.database.url


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_settings_shown_in_how_tos_are_settings(page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for variable in [each for each in os.environ if each.startswith("SENTINEL_")]:
        monkeypatch.delenv(variable)
    for block in re.findall(r"^```toml\n(.*?)^```", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        if set(tomllib.loads(block)) <= set(Settings.model_fields):
            (tmp_path / "sentinel.toml").write_text(block, "utf-8")
            load(tmp_path)


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_shown_in_how_tos_are_commands(page: Path) -> None:
    for language, block in re.findall(r"^ *```(\w*)\n(.*?)^ *```$", page.read_text("utf-8"), re.MULTILINE | re.DOTALL):
        if language:
            continue
        for line in block.replace("\\\n", " ").splitlines():
            words = shlex.split(line, comments=True)
            places = [place for place, word in enumerate(words) if word.endswith("sentinel") and "=" not in word]
            for place in places[-1:]:
                command, *others = [*words[place + 1 :], ""]
                if command in COMMANDS:
                    fits(command, others)


def test_kafka_is_set_as_it_was_tested() -> None:
    def read(text: str) -> dict[str, str]:
        rows = (line.split("=", 1) for line in text.splitlines() if line and not line.startswith("#"))
        return {key: value for key, value in rows}  # noqa: C416 - lists of two, not pairs

    offered, tested = read((DEPLOY / "scaled" / "kafka.properties").read_text("utf-8")), read(TESTED_KAFKA)
    places = {"listeners", "advertised.listeners", "log.dirs", "controller.quorum.bootstrap.servers"}
    common = (offered.keys() & tested.keys()) - places
    assert {"auto.create.topics.enable", "process.roles"} <= common
    assert {key: offered[key] for key in common} == {key: tested[key] for key in common}


def test_the_reverse_proxys_settings_are_right(tmp_path: Path) -> None:
    program = needs("nginx")
    keys = make_keys(tmp_path / "keys", ["soc.example.gov.vn"])
    text = (DEPLOY / "proxy" / "nginx.conf").read_text("utf-8")
    for old, new in {
        "/etc/nginx/soc.crt": keys.server, "/etc/nginx/soc.key": keys.server_key,
        "/etc/nginx/sentinel-ca.pem": keys.ca, "/run/nginx.pid": tmp_path / "pid",
    }.items():  # fmt: skip
        assert old in text
        text = text.replace(old, str(new))
    (tmp_path / "nginx.conf").write_text(text, "utf-8")
    done = subprocess.run(
        [program, "-t", "-e", "stderr", "-c", tmp_path / "nginx.conf"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0, done.stderr
    assert "warn" not in done.stderr
