"""Our playbooks are sound and do on their cases what they say; a wrong case is found."""

from pathlib import Path

import pytest

from sentinel.errors import InputError
from sentinel.playbooks.actions import ACTIONS
from sentinel.playbooks.actions.block_ip import BlockIpArguments
from sentinel.playbooks.library import Library
from sentinel.playbooks.never_touch import NeverTouch
from sentinel.playbooks.rehearse import fixture_of, rehearse
from tests.playbooks.stage import BLOCK

PLAYBOOKS = sorted(
    path for path in (Path(__file__).parents[2] / "playbooks").glob("*.yml") if not path.name.endswith(".test.yml")
)


def test_our_playbooks_load_without_a_fault() -> None:
    library = Library.load([PLAYBOOKS[0].parent])
    assert library.faults == ()
    assert len(library.playbooks) == len(PLAYBOOKS) >= 3


@pytest.mark.parametrize("path", PLAYBOOKS, ids=lambda path: path.stem)
def test_our_playbooks_do_what_their_cases_say(path: Path) -> None:
    verdicts = list(rehearse(path, ACTIONS, NeverTouch.of()))
    assert len(verdicts) >= 3
    assert [verdict for verdict in verdicts if verdict.faults] == []


def cases(expect: str, more: str = "") -> str:
    alert = "{tags: [test.block], fields: {agent.id: agent-1, source.ip: 203.0.113.9}}"
    return f"playbook: block.yml\ncases:\n  - name: one\n    alert: {alert}\n    expect: {expect}\n{more}"


@pytest.mark.parametrize(
    ("expect", "fault"),
    [
        ("{starts: false}", "not to start"),
        ("{path: [decide, block]}", "expected the steps"),
        ("{state: failed}", "expected the run to be failed"),
        ("{effects: {block: {action: block_ip}}}", "expected effects"),
    ],
)
def test_a_wrong_expectation_is_found(tmp_path: Path, expect: str, fault: str) -> None:
    path = tmp_path / "block.yml"
    path.write_text(BLOCK)
    fixture_of(path).write_text(cases(expect))
    (verdict,) = rehearse(path, ACTIONS, NeverTouch.of())
    assert any(fault in text for text in verdict.faults)


@pytest.mark.parametrize("text", ["playbook: other.yml\ncases: []", cases("{colour: red}"), cases("{}", "x: 1"), "- 1"])
def test_broken_cases_are_named_with_their_line(tmp_path: Path, text: str) -> None:
    path = tmp_path / "block.yml"
    path.write_text(BLOCK)
    fixture_of(path).write_text(text)
    with pytest.raises(InputError, match=r"block\.test\.yml:\d+:"):
        list(rehearse(path, ACTIONS, NeverTouch.of()))


def test_a_playbook_without_cases_is_a_fault(tmp_path: Path) -> None:
    (tmp_path / "block.yml").write_text(BLOCK)
    with pytest.raises(InputError, match=r"write block\.test\.yml"):
        list(rehearse(tmp_path / "block.yml", ACTIONS, NeverTouch.of()))


def test_a_never_touch_list_says_what_is_wrong_with_it() -> None:
    for entry in ("", "10.0.0.0/99", "1.2.3"):
        with pytest.raises(InputError, match="never_touch"):
            NeverTouch.of([entry])


def test_a_never_touch_network_written_as_ipv4_inside_ipv6_holds() -> None:
    arguments = BlockIpArguments(collector="agent-1", address="203.0.113.9")
    assert NeverTouch.of(["::ffff:203.0.113.0/120"]).refusal(arguments) is not None
