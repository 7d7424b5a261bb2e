"""What detection tests share: records, and engines made of rule text."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sentinel.detect.engine import Engine
from sentinel.detect.load import load_rules
from sentinel.detect.rule import LogSource, RuleSet
from sentinel.detect.taxonomy import Family, Names, Source
from sentinel.model.moment import to_text
from sentinel.model.record import Record, Value

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
PLAIN = Family(("test.plain",), (Source(LogSource(product="test"), {}, Names({}), ("message",)),))
"""A taxonomy in which every field is called what it is called."""

Load = Callable[[str], RuleSet]
MakeEngine = Callable[[str], Engine]
MakeRecord = Callable[..., Record]


@pytest.fixture
def load(tmp_path: Path) -> Load:
    """Return a function from the text of a rule file to its rule set."""

    def make(text: str) -> RuleSet:
        path = tmp_path / "rule.yml"
        path.write_text(text, encoding="utf-8")
        return load_rules([path])

    return make


@pytest.fixture
def engine(load: Load) -> MakeEngine:
    """Return a function from the text of a rule file to an engine over records of dataset `test.plain`."""

    def make(text: str) -> Engine:
        rule_set = load(text)
        assert not rule_set.faults, rule_set.faults
        return Engine(rule_set, [PLAIN])

    return make


@pytest.fixture
def record() -> MakeRecord:
    """Return a function that makes a record so many seconds after the start."""

    def make(seconds: float = 0, /, key: str = "r", **fields: Value) -> Record:
        at = to_text(START + timedelta(seconds=seconds))
        return Record(key, {"@timestamp": at, "event.dataset": "test.plain", "event.kind": "event", **fields})

    return make
