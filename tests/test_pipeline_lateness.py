"""Correlations that wait for late records: nothing new need come for them to end, and a restart loses none."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sentinel.detect.engine import Engine
from sentinel.detect.load import load_rules
from sentinel.errors import UnavailableError
from sentinel.event import Event, encode
from sentinel.journal import Batch
from sentinel.journal.local import LocalJournal
from sentinel.model.match import Match
from sentinel.model.moment import to_text
from sentinel.model.record import Record
from sentinel.normalise import normalise
from sentinel.pipeline import Pipeline
from sentinel.store.local import LocalStore

RECEIVED = datetime(2026, 11, 23, 8, 0, 1, tzinfo=UTC)
RULES = """
title: Failed
name: failed
logsource: {product: linux, service: sshd}
detection: {s: {event.outcome: failure}, condition: s}
---
title: Twice
correlation: {type: event_count, rules: [failed], group-by: [source.ip], timespan: 1m, condition: {gte: 2}}
level: high
"""
LINE = "Nov 23 08:00:00 web01 sshd[811]: Failed password for root from 203.0.113.9 port 50022 ssh2"


class Place:
    """A journal with two failed logins, a store, and a clock that tests set."""

    def __init__(self, folder: Path) -> None:
        (folder / "rules.yml").write_text(RULES)
        self.rules = load_rules([folder / "rules.yml"])
        self.journal = LocalJournal(folder / "journal.db")
        self.store = LocalStore(folder / "store")
        self.matches: list[tuple[Match, Record]] = []
        self.now = RECEIVED

    def pipeline(self) -> Pipeline:
        engine = Engine(self.rules, lateness_seconds=2.0)
        return Pipeline(self.journal, self.store, engine, normalise, self.matches.extend, clock=lambda: self.now)

    def send(self, count: int) -> None:
        event = Event(
            collector="", epoch="", sequence=0, dataset="linux.auth", host="web01", seen_at=RECEIVED, raw=LINE
        )
        first = self.journal.last_sequence("c1", "aaaaaaaa") + 1
        self.journal.append(
            Batch(
                collector="c1", agency="city", epoch="aaaaaaaa", first=first, lines=[encode(event)] * count,
                received_at=to_text(RECEIVED),
            )
        )  # fmt: skip


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.journal.close()
    made.store.close()


def test_a_match_comes_when_its_wait_is_over_though_nothing_new_does(place: Place) -> None:
    place.send(2)
    pipeline = place.pipeline()
    assert pipeline.step() == 2
    place.now = RECEIVED + timedelta(seconds=2)
    assert pipeline.step() == 0
    assert place.matches == []
    place.now = RECEIVED + timedelta(seconds=2.1)
    assert pipeline.step() == 0
    ((match, record),) = place.matches
    assert match.rule.title == "Twice"
    assert match.record_id == record.id
    assert record.fields["source.ip"] == "203.0.113.9"
    pipeline.step()
    place.pipeline().step()
    assert len(place.matches) == 1


def test_what_waits_survives_a_restart_with_its_record(place: Place) -> None:
    place.send(2)
    place.pipeline().step()
    place.now = RECEIVED + timedelta(seconds=3)
    place.pipeline().step()
    ((match, record),) = place.matches
    assert match.record_id == record.id
    assert record.fields["event.original"] == LINE


def test_a_match_that_waited_comes_with_a_later_batch_too(place: Place) -> None:
    place.send(2)
    pipeline = place.pipeline()
    pipeline.step()
    event = encode(
        Event(collector="", epoch="", sequence=0, dataset="linux.auth", host="web01", seen_at=RECEIVED, raw="nothing")
    )
    place.journal.append(
        Batch(
            collector="c1", agency="city", epoch="aaaaaaaa", first=3, lines=[event],
            received_at=to_text(RECEIVED + timedelta(seconds=9)),
        )
    )  # fmt: skip
    assert pipeline.step() == 1
    assert [match.rule.title for match, _ in place.matches] == ["Twice"]


def test_a_match_that_waited_survives_a_queue_that_fails(place: Place) -> None:
    place.send(2)
    pipeline = place.pipeline()
    fails = [True]

    def told(matches: list[tuple[Match, Record]]) -> None:
        if fails and fails.pop():
            raise UnavailableError("the database cannot be used now")
        place.matches.extend(matches)

    pipeline._on_matches = told
    pipeline.step()
    place.now = RECEIVED + timedelta(seconds=9)
    with pytest.raises(UnavailableError):
        pipeline.step()
    assert pipeline.step() == 0
    assert [match.rule.title for match, _ in place.matches] == ["Twice"]
