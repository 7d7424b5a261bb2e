"""What the server writes about itself makes the rules for Sentinel fire, from the audit log to the alert."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sentinel.audit import Entry
from sentinel.detect.engine import Engine
from sentinel.detect.load import load_rules
from sentinel.journal.local import LocalJournal
from sentinel.model.moment import to_text
from sentinel.normalise import normalise
from sentinel.selfwatch.door import Door, Own
from sentinel.selfwatch.told import told

AT = datetime(2026, 11, 23, 2, tzinfo=UTC)


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[LocalJournal]:
    found = LocalJournal(tmp_path / "journal.db")
    yield found
    found.close()


def entry(seconds: int, action: str, name: str, *, actor: str = "an.tv", **detail: object) -> Own:
    """Return the own event of an audit entry."""
    made = Entry(
        sequence=seconds + 1, at=to_text(AT + timedelta(seconds=seconds)), actor=actor, agency="city", action=action,
        object=name, why="", detail=detail, previous="0" * 64, digest="1" * 64,
    )  # fmt: skip
    return told(made)


def fired(events: list[Own], journal: LocalJournal, rules: Path) -> set[str]:
    """Return the rules that fire on events which go through door, journal and parser, as in service."""
    Door(journal, threading.Event()).put(events)
    records = [
        normalise(each.event, agency=each.agency, received_at=each.received_at) for each in journal.read(0, len(events))
    ]
    rule_set = load_rules([rules])
    assert rule_set.faults == []
    return {match.rule.title for match, _ in Engine(rule_set).match(records)}


@pytest.mark.parametrize(
    ("events", "titles"),
    [
        ([entry(0, "user.created", "hotro", role="administrator")], {"New Administrator Of Sentinel"}),
        ([entry(0, "user.created", "chi.pt", role="operator")], set()),
        ([entry(0, "rule.disabled", "b90ce3cb", reason="nhiễu")], {"Detection Rule Switched Off"}),
        ([entry(0, "effect.undo_overdue", "7e1d0a", actor="system")], {"Undo Of A Response Failed"}),
        ([entry(0, "run.failed", "7e1d0a", actor="system", playbook="chan")], {"Response Failed"}),
        ([entry(0, "playbook.changed", "chan", actor="system")], {"Playbook Changed"}),
        (
            [
                *(entry(i * 20, "sign_in.refused", "an.tv", address="10.77.9.66") for i in range(8)),
                entry(300, "sign_in.done", "an.tv", address="10.77.9.66", by="password"),
            ],
            {"Passwords Guessed At Sentinel's Own Console", "Console Entered After Guessing"},
        ),
    ],
    ids=lambda value: "" if isinstance(value, set) else value[0].body["action"],
)
def test_audit_entries_reach_their_rules(
    events: list[Own], titles: set[str], journal: LocalJournal, root: Path
) -> None:
    assert fired(events, journal, root / "rules" / "sentinel") == titles
