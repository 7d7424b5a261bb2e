"""Placeholders and pipelines of the settings reach the server's rules and its workers, also when they change."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sentinel.cli.init import create
from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.journal import Entry
from sentinel.wiring import Home, open_home

RULE = """
title: An administrator came in
id: 6f0f6b3c-1c5e-4f3a-9d8e-0d8d7f6e5c4b
status: test
logsource: {product: linux, service: sshd}
detection:
  came_in: {Who|expand: '%admins%'}
  condition: came_in
"""
PIPELINE = "transformations: [{type: field_name_mapping, mapping: {Who: user.name}}]"


@pytest.fixture
def home(tmp_path: Path) -> Iterator[Home]:
    """Return a home whose rules need a placeholder and a pipeline, worked on by one process."""
    folder = tmp_path / "home"
    create(folder, host="127.0.0.1", port=1, names=["localhost"], administrator="admin")
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "rule.yml").write_text(RULE)
    (tmp_path / "placeholders.yml").write_text("admins: [root]")
    (tmp_path / "pipeline.yml").write_text(PIPELINE)
    settings = folder / "sentinel.toml"
    settings.write_text(
        settings.read_text()
        + f'\n[content]\nrules = ["{tmp_path}/rules"]\nplaceholders = "{tmp_path}/placeholders.yml"\n'
        + f'pipelines = ["{tmp_path}/pipeline.yml"]\n[pipeline]\nworkers = 1\n'
    )
    opened = open_home(folder)
    yield opened
    opened.close()


def entry(user: str) -> Entry:
    raw = f"Nov 23 08:00:00 web01 sshd[7]: Accepted password for {user} from 203.0.113.9 port 50022 ssh2"
    at = datetime(2026, 11, 23, 8, tzinfo=UTC)
    event = Event(collector="c", epoch="a", sequence=1, dataset="linux.auth", host="web01", seen_at=at, raw=raw)
    return Entry(1, "city", "2026-11-23T08:00:00.000000Z", event)


def judged(home: Home, user: str) -> bool:
    """Return whether a worker of the server finds the rule in a sign-in of `user`."""
    crew = home._crew()
    assert crew is not None
    try:
        return any(crew.begin([entry(user)]).result()[1])
    finally:
        crew.close()


def test_workers_know_what_the_settings_name(home: Home) -> None:
    assert [rule.info.title for rule in home.rules.rules] == ["An administrator came in"]
    assert judged(home, "root")
    assert not judged(home, "an")


def test_a_changed_list_is_taken_without_a_restart(home: Home, tmp_path: Path) -> None:
    assert len(home.rules.rules) == 1
    assert not home.reloader.look()
    (tmp_path / "placeholders.yml").write_text("admins: [root, an]")
    assert home.reloader.look()
    assert judged(home, "an")


def test_a_broken_list_leaves_the_rules_in_force(home: Home, tmp_path: Path) -> None:
    assert len(home.rules.rules) == 1
    (tmp_path / "placeholders.yml").write_text("admins: {a: b}")
    assert not home.reloader.look()
    assert len(home.rules.rules) == 1
    assert "placeholder 'admins'" in home.shelf.refused


def test_a_pipeline_that_may_not_be_used_stops_the_start(home: Home, tmp_path: Path) -> None:
    (tmp_path / "pipeline.yml").write_text("transformations: [{type: command_placeholders, cmd: id}]")
    with pytest.raises(InputError, match="may not be used"):
        _ = home.rules
