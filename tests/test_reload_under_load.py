"""Rules change fifty times while events pour in: no event lost or doubled, and each batch judged by one whole set."""

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine as Database

from sentinel.audit import Audit
from sentinel.crew.crew import Crew
from sentinel.detect.engine import Engine
from sentinel.detect.load import load_rules
from sentinel.detect.rule import RuleSet
from sentinel.event import Event, encode
from sentinel.journal import Batch
from sentinel.journal.local import LocalJournal
from sentinel.model.match import Match
from sentinel.model.record import Record
from sentinel.normalise import normalise
from sentinel.pipeline import Pipeline
from sentinel.rulebook.reload import Reloader
from sentinel.rulebook.shelf import Shelf
from sentinel.store.local import LocalStore
from tests.database.fixtures import engine, log, shared
from tests.store.examples import city
from tests.waiting import until

__all__ = ["engine", "log", "shared"]

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
RECEIVED = "2026-11-23T08:00:00.000000Z"
RELOADS = 50
BATCH = 50
ALWAYS = """
title: Root came in
id: 6f0f6b3c-1c5e-4f3a-9d8e-0000000000aa
status: test
logsource: {product: linux, service: sshd}
detection: {came_in: {user.name: root, event.outcome: success}, condition: came_in}
---
title: Root came in sixty times
id: 6f0f6b3c-1c5e-4f3a-9d8e-0000000000bb
status: test
correlation:
  type: event_count
  rules: [6f0f6b3c-1c5e-4f3a-9d8e-0000000000aa]
  group-by: [source.ip]
  timespan: 1h
  generate: true
  condition: {gte: 60}
"""
TWIN = """
title: Twin {side} of version {version}
id: 6f0f6b3c-1c5e-4f3a-9d8e-{side}{version:011}
status: test
logsource: {{product: linux, service: sshd}}
detection: {{came_in: {{user.name: root, event.outcome: success}}, condition: came_in}}
"""


@dataclass
class Load:
    """Events that keep coming, a pipeline that stores them, and a folder of rules that keeps changing."""

    folder: Path
    audit: Audit
    workers: int
    sent: int = 0
    found: list[tuple[str, str]] = field(default_factory=list)
    """Record and title of each match."""
    stop: threading.Event = field(default_factory=threading.Event)
    wake: threading.Event = field(default_factory=threading.Event)

    def __post_init__(self) -> None:
        self.rules = self.folder / "rules"
        self.rules.mkdir()
        (self.rules / "always.yml").write_text(ALWAYS)
        self.write(0)
        self.journal = LocalJournal(self.folder / "journal.db")
        self.store = LocalStore(self.folder / "store")
        self.shelf = Shelf()
        self.reloader = Reloader([self.rules], load_rules, self.employ, self.shelf, self.audit)
        first = Engine(self.reloader.start())
        self.pipeline = Pipeline(self.journal, self.store, first, normalise, self.keep, crew=self.crew())
        self.threads = [
            threading.Thread(target=self.pipeline.run, args=(self.stop, self.wake)),
            threading.Thread(target=self.send),
        ]

    def write(self, version: int) -> None:
        """Write a version: two rules in two files, which make a whole set only together."""
        for side in ("0", "1"):
            (self.rules / f"twin{side}.yml").write_text(TWIN.format(side=side, version=version))

    def crew(self) -> Crew | None:
        return Crew(self.workers, [self.rules]) if self.workers else None

    def employ(self, rules: RuleSet) -> None:
        self.pipeline.replace(Engine(rules), self.crew())

    def keep(self, matches: list[tuple[Match, Record]]) -> None:
        self.found += [(record.id, match.rule.title) for match, record in matches]

    def send(self) -> None:
        """Append batches until told to stop; the pipeline is given time to keep up."""
        while not self.stop.is_set():
            lines = [_line(self.sent + number) for number in range(BATCH)]
            self.journal.append(Batch("c1", "city", "aaaaaaaa", self.sent + 1, lines, RECEIVED))
            self.sent += BATCH
            self.wake.set()
            self.stop.wait(0.02)

    def close(self) -> None:
        self.stop.set()
        self.wake.set()
        for thread in self.threads:
            thread.join(timeout=30)
        self.pipeline.close()
        self.journal.close()
        self.store.close()


def _line(number: int) -> bytes:
    raw = f"Nov 23 08:00:00 web01 sshd[{number}]: Accepted password for root from 203.0.113.9 port 50022 ssh2"
    event = Event(collector="", epoch="", sequence=0, dataset="linux.auth", host="web01", seen_at=AT, raw=raw)
    return encode(event)


@pytest.fixture
def workers() -> int:
    return 0


@pytest.fixture
def load(tmp_path: Path, log: Audit, engine: Database, workers: int) -> Iterator[Load]:
    made = Load(tmp_path, log, workers)
    yield made
    made.close()


@pytest.mark.slow
@pytest.mark.parametrize(("workers", "reloads"), [(0, RELOADS), (1, 5)])
def test_fifty_reloads_under_load_lose_nothing_and_mix_nothing(load: Load, reloads: int) -> None:
    for thread in load.threads:
        thread.start()
    for version in range(1, reloads + 1):
        before = load.store.mark().position
        load.write(version)
        assert load.reloader.look()
        until(lambda before=before: load.store.mark().position > before + BATCH, what="events under the new rules")  # type: ignore[misc]
    load.stop.set()
    for thread in load.threads:
        thread.join(timeout=60)
    while load.pipeline.step():
        pass

    records = [record.id for record in load.store.scan(city())]
    assert len(records) == len(set(records)) == load.sent == load.store.mark().position
    always = [record for record, title in load.found if title == "Root came in"]
    assert sorted(always) == sorted(records), "every event was judged once"
    twins: dict[str, set[str]] = {}
    for record, title in load.found:
        if title.startswith("Twin"):
            side, _, version_said = title.removeprefix("Twin ").partition(" of ")
            twins.setdefault(record, set()).add(version_said)
            assert side in ("0", "1")
    assert set(twins) == set(records)
    assert all(len(versions) == 1 for versions in twins.values()), "no event met halves of two sets"
    assert sum(title.startswith("Twin") for _, title in load.found) == 2 * len(records)
    assert len({next(iter(versions)) for versions in twins.values()}) > reloads // 2
    often = sum(title == "Root came in sixty times" for _, title in load.found)
    assert often == load.sent // 60, "the correlation went on counting through every reload"
    assert [entry.action for entry in load.audit.entries(0, 1000)] == ["rules.changed"] * reloads
