"""A normal morning of the city's e-government: no rule cries wolf."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from sentinel.detect.engine import Engine
from sentinel.detect.load import load_rules
from sentinel.detect.rule import RuleSet
from sentinel.event import decode
from sentinel.model.match import Level
from sentinel.model.record import Record
from sentinel.normalise import normalise
from sentinel.normalise.parsers import PARSERS
from tests.lab import city_morning


@pytest.fixture(scope="module")
def morning() -> list[Record]:
    """Return what the server makes of the morning's lines."""
    records = []
    for number, line in enumerate(city_morning.recording(), start=1):
        event = decode(line.shipped().encode(), collector=line.agency, epoch="morning", sequence=number)
        records.append(normalise(event, agency=line.agency, received_at=None))
    return records


def test_the_morning_is_the_same_every_time_and_holds_every_service(morning: list[Record]) -> None:
    lines = city_morning.recording()
    assert [each.shipped() for each in lines] == [each.shipped() for each in city_morning.recording()]
    assert len(lines) == city_morning.LINES
    counts = Counter(str(record.fields["event.dataset"]) for record in morning)
    assert counts.keys() == {name for name in PARSERS if name.startswith("egov.")}
    assert min(counts.values()) >= 30


def test_every_line_of_the_morning_is_read_and_holds_nothing_it_must_not(morning: list[Record]) -> None:
    for record in morning:
        assert record.fields["event.kind"] == "event", record.fields.get("error.message")
        assert "sentinel.egov.is_withheld" not in record.fields


def test_a_normal_morning_raises_no_alert(morning: list[Record], root: Path) -> None:
    engine = Engine(load_rules([root / "rules"]))
    fired = Counter((match.rule.level, match.rule.title) for match, _ in engine.match(morning))
    assert not [title for level, title in fired if level.rank >= Level.MEDIUM.rank]
    assert engine.statistics["evicted"] == 0


def test_the_morning_comes_near_the_rules(morning: list[Record], root: Path) -> None:
    """Quiet proves nothing where a rule never looks: the rules behind correlations do fire here."""
    rules = load_rules([root / "rules" / "egov"]).rules
    engine = Engine(RuleSet(tuple(replace(rule, is_output=True) for rule in rules), (), []))
    asleep = {rule.title for rule in engine.rules if rule.level is Level.INFORMATIONAL}
    asleep -= {match.rule.title for match, _ in engine.match(morning)}
    assert asleep == {"Stored Script Opened On The Portal"}


def test_nobody_is_named_in_the_morning() -> None:
    for line in city_morning.recording():
        for value in json.loads(line.raw).values():
            assert not (isinstance(value, str) and value.isdigit() and len(value) in (9, 12))
