"""Our rules over the lab's recordings: every attack is found, ordinary work raises nothing."""

import json
from collections import Counter
from pathlib import Path

import pytest

from collectors.network import pcap
from sentinel.detect.engine import Engine
from sentinel.detect.load import load_rules
from sentinel.event import Event
from sentinel.model.match import Level
from sentinel.model.moment import from_text
from sentinel.model.record import Record
from sentinel.normalise import normalise

RECORDED_AT = from_text("2026-11-23T16:10:00.000000Z")
LOGS = {"auth.log": "linux.auth", "access.log": "nginx.access", "onestop-audit.ndjson": "egov.onestop"}
BY_LOG = {
    "auth.log": {
        "Account Names Tried Over SSH",
        "Passwords Guessed Over SSH",
        "SSH Log-In After Guessing",
        "Sudo Refused",
    },
    "access.log": {
        "Attack Tool Names Itself In The User Agent",
        "File Uploaded And Then Run On A Portal",
        "Operating System Command In A Request Parameter",
        "Path Traversal In A Web Request",
        "Script Served From An Upload Folder",
        "SQL Injection In A Web Request",
        "Sustained SQL Injection From One Address",
        "System File Given Away By Path Traversal",
    },
    "onestop-audit.ndjson": {
        "Citizens Looked Up In Bulk At A One-Stop Counter",
        "Curiosity About Citizens Without A Dossier",
        "Export From The One-Stop System Outside Office Hours",
        "Large Export From The One-Stop System",
        "One Account At Two Counters",
        "Passwords Tried At A One-Stop Counter",
        "Result Handed Over Before It Was Signed",
        "Status Of A Dossier Set With An Earlier Date",
    },
}


BY_CAPTURE = {
    "02-port-scan.pcap": {"Port Scan Of One Machine"},
    "08-arp-spoofing.pcap": {"Two Machines Claim One Address"},
    "09-dns-tunnel.pcap": {"Data Carried By DNS"},
}


def seen(capture: Path) -> list[Record]:
    """Return what the server makes of what the sensor sees in a capture."""
    events = [
        Event(
            collector="c",
            epoch=capture.name,
            sequence=number,
            dataset=each.dataset,
            host="gw01",
            seen_at=RECORDED_AT,
            raw=each.to_json(),
        )
        for number, each in enumerate(pcap.events(capture), start=1)
    ]
    return [normalise(event, agency="a", received_at=None) for event in events]


def records(folder: Path, name: str) -> list[Record]:
    """Return what the server makes of a recorded log."""
    raws = (folder / name).read_text("utf-8").splitlines()
    events = [
        Event(
            collector="c",
            epoch=name,
            sequence=number,
            dataset=LOGS[name],
            host="portal01",
            seen_at=RECORDED_AT,
            raw=raw,
        )
        for number, raw in enumerate(raws, start=1)
    ]
    return [normalise(event, agency="a", received_at=None) for event in events]


@pytest.fixture(scope="module")
def recordings(root: Path) -> Path:
    return root / "tests" / "data" / "recordings"


@pytest.fixture
def engine(root: Path) -> Engine:
    rule_set = load_rules([root / "rules"])
    assert rule_set.faults == []
    return Engine(rule_set)


@pytest.mark.parametrize("name", LOGS)
def test_every_attack_in_a_log_is_found_and_nothing_else(name: str, recordings: Path, engine: Engine) -> None:
    found = records(recordings, name)
    assert all(record.fields["event.kind"] == "event" for record in found)
    assert {match.rule.title for match, _ in engine.match(found)} == BY_LOG[name]


def test_every_attack_in_a_capture_is_found_and_nothing_else(recordings: Path, root: Path) -> None:
    rule_set = load_rules([root / "rules"])
    for capture in sorted(recordings.glob("*.pcap")):
        found = seen(capture)
        assert all(record.fields["event.kind"] == "event" for record in found)
        titles = {match.rule.title for match, _ in Engine(rule_set).match(found)}
        assert titles == BY_CAPTURE.get(capture.name, set()), capture.name


def test_ordinary_work_raises_nothing(recordings: Path, engine: Engine) -> None:
    phases = json.loads((recordings / "phases.json").read_text("utf-8"))["phases"]
    quiet = [phase for phase in phases if phase["name"] in ("morning", "evening")]
    assert len(quiet) == 2
    for phase in quiet:
        for name, key in (("auth.log", "auth_log"), ("access.log", "access_log")):
            first, last = phase[key]
            assert engine.match(records(recordings, name)[first - 1 : last]) == []


def test_the_demo_expects_what_the_recordings_hold(recordings: Path, engine: Engine) -> None:
    expected = json.loads((recordings / "expected-alerts.json").read_text("utf-8"))
    titles = {rule.id: rule.title for rule in engine.rules}
    assert all(titles[rule_id] == title for rule_id, title in expected.items())
    assert set().union(*BY_LOG.values(), *BY_CAPTURE.values()) == set(expected.values())


def test_rules_speak_vietnamese_too_and_say_what_tells_alerts_apart(engine: Engine) -> None:
    assert len(engine.rules) >= 24
    for rule in engine.rules:
        assert rule.title_vi, rule.title
        assert rule.description_vi, rule.title
        assert rule.group_by, rule.title
        assert rule.falsepositives, rule.title
        assert any(tag.startswith("attack.t") for tag in rule.tags), rule.title


def test_titles_are_told_apart_in_both_languages(engine: Engine) -> None:
    for titles in (Counter(rule.title for rule in engine.rules), Counter(rule.title_vi for rule in engine.rules)):
        assert max(titles.values()) == 1


def test_no_rule_below_low_raises_an_alert(root: Path) -> None:
    rule_set = load_rules([root / "rules"])
    for rule in (*rule_set.rules, *rule_set.correlations):
        assert rule.is_output == (rule.info.level is not Level.INFORMATIONAL), rule.info.title
