"""The pages of reference say what the code does."""

import re
from pathlib import Path

from collectors.respond import EXECUTORS
from collectors.respond.limits import Limits
from sentinel.playbooks.actions import ACTIONS
from sentinel.playbooks.check import check
from sentinel.playbooks.kinds import KINDS
from sentinel.playbooks.language import parse
from sentinel.playbooks.never_touch import NeverTouch
from sentinel.playbooks.rehearse import rehearse
from tests.collectors.respond.hands import Settings

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "playbooks.md"


def blocks() -> list[str]:
    return re.findall(r"```yaml\n(.*?)```", PAGE.read_text("utf-8"), re.DOTALL)


def test_the_example_is_a_sound_playbook_and_its_case_holds(tmp_path: Path) -> None:
    playbook, _, cases = blocks()
    assert check(parse(playbook, "page"), ACTIONS) == []
    (tmp_path / "noisy-neighbour.yml").write_text(playbook)
    (tmp_path / "noisy-neighbour.test.yml").write_text(cases)
    verdicts = list(rehearse(tmp_path / "noisy-neighbour.yml", ACTIONS, NeverTouch.of()))
    assert [verdict.faults for verdict in verdicts] == [()]


def test_every_action_stands_in_the_table_with_its_class_arguments_and_results() -> None:
    text = PAGE.read_text("utf-8")
    for name, action in ACTIONS.items():
        (row,) = [line for line in text.splitlines() if line.startswith(f"| `{name}` |")]
        assert row.split("|")[2].strip() == str(action.danger)
        for argument in set(action.arguments.model_fields) - {"collector"}:
            assert f"`{argument}` ({action.arguments.kind_of(argument)}" in row
        assert all(f"`{result}`" in row for result in action.results)
        if action.max_ttl is not None:
            assert f"up to {action.max_ttl.days} days" in row
    assert all(f"`{kind}`" in text for kind in KINDS)


def test_server_and_collector_know_the_same_actions_and_what_can_be_undone() -> None:

    limits = Limits.of(Settings(), Path("/nowhere"), "https://127.0.0.1")
    assert {name: make(limits).is_reversible for name, make in EXECUTORS.items()} == {
        name: action.is_reversible for name, action in ACTIONS.items()
    }
