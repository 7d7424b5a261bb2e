"""Promises of the quarantine: nothing that could not be used is lost, and all of it can be used later, once."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine as Database

from sentinel.audit import Audit
from sentinel.detect.engine import Engine
from sentinel.detect.rule import RuleSet
from sentinel.errors import InputError, RefusedError
from sentinel.event import Event, encode
from sentinel.journal import Batch
from sentinel.journal.local import LocalJournal
from sentinel.model.principal import Principal, Role
from sentinel.model.record import Record
from sentinel.model.search import Search
from sentinel.normalise import normalise
from sentinel.normalise.parsers import PARSERS
from sentinel.pipeline import Pipeline
from sentinel.quarantine.desk import QuarantineDesk, Wanted
from sentinel.quarantine.rows import QuarantineRows, Stage
from sentinel.store import Rejected
from sentinel.store.local import LocalStore
from tests.database.fresh import state

SEEN = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
AT = "2026-11-23T08:00:00.000000Z"
SCOPE = frozenset({"city", "dept-a", "dept-b"})
WHO = Principal(id="a", name="a", role=Role.ADMINISTRATOR, agency="city", scope=SCOPE)


@dataclass
class Place:
    desk: QuarantineDesk
    store: LocalStore
    journal: LocalJournal
    pipeline: Pipeline

    def receive(self, *raws: str, dataset: str, epoch: str = "0123456789abcdef", first: int = 1) -> None:
        events = [
            Event(collector="c1", epoch=epoch, sequence=1, dataset=dataset, host="h", seen_at=SEEN, raw=raw)
            for raw in raws
        ]
        self.journal.append(Batch("c1", "dept-a", epoch, first, [encode(each) for each in events], AT))
        self.run()

    def run(self) -> None:
        while self.pipeline.step():
            pass

    def found(self, query: str) -> list[Record]:
        return list(self.store.search(Search(scope=SCOPE, query=query)).records)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    engine = state(tmp_path)
    yield engine
    engine.dispose()


@pytest.fixture
def place(tmp_path: Path, database: Database) -> Iterator[Place]:
    store, journal = LocalStore(tmp_path / "store"), LocalJournal(tmp_path / "journal.db")
    rows = QuarantineRows(database)
    desk = QuarantineDesk(rows=rows, store=store, journal=journal, normalise=normalise, audit=Audit(database))
    engine = Engine(RuleSet(rules=(), correlations=(), faults=[]))
    yield Place(desk, store, journal, Pipeline(journal, store, engine, normalise, lambda _: None))
    journal.close()
    store.close()


def test_a_broken_line_waits_until_its_parser_is_mended(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.receive("no json", '{"also": "none"', dataset="linux.process")
    items = list(place.desk.items(SCOPE, Wanted()))
    assert [item.stage for item in items] == [Stage.NORMALISE] * 2
    assert all(item.reason for item in items)
    left = place.desk.replay(WHO, Wanted())
    assert (left.sent, left.still_broken) == (0, 2)
    monkeypatch.setitem(PARSERS, "linux.process", lambda event: {"message": f"read at last: {event.raw}"})
    done = place.desk.replay(WHO, Wanted())
    assert (done.sent, done.still_broken) == (2, 0)
    place.run()
    assert len(place.found('message:"read at last"')) == 2
    assert list(place.desk.items(SCOPE, Wanted())) == []
    assert place.desk.replay(WHO, Wanted()).sent == 0


def test_lines_of_a_dataset_that_nobody_knows_are_read_as_what_they_are(place: Place) -> None:
    place.receive("Nov 23 08:00:00 h sshd[1]: Failed password for root from 10.0.0.9 port 1 ssh2", dataset="linux.atuh")
    assert place.desk.replay(WHO, Wanted(), "linux.auth").sent == 1
    place.run()
    (found,) = place.found("event.dataset:linux.auth AND source.ip:10.0.0.9")
    assert found.fields["agent.id"] == "c1"
    assert found.fields["organization.id"] == "dept-a"


def test_a_record_that_the_store_refused_is_kept_whole(place: Place) -> None:
    fields = {
        "@timestamp": AT,
        "event.dataset": "linux.process",
        "event.kind": "event",
        "event.original": '{"a": 1}',
        "agent.id": "c1",
        "organization.id": "dept-a",
    }
    refused = Rejected(Record("f" * 40, fields), "mapper_parsing_exception: failed to parse field [a]")
    place.desk.rows.put([refused, refused])
    place.desk.rows.put([refused])
    (item,) = place.desk.items(SCOPE, Wanted())
    assert (item.record, item.reason, item.stage) == (refused.record, refused.reason, Stage.STORE)
    assert place.desk.rows.counts(SCOPE) == {"linux.process": 1}
    assert place.desk.replay(WHO, Wanted(ids=("f" * 40,))).sent == 1
    place.run()
    assert len(place.found("event.dataset:linux.process")) == 1
    assert place.desk.rows.counts(SCOPE) == {}


def test_a_replay_cut_short_stores_each_once(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Killed after the journal took the events and before the quarantine knew: the same keys come again."""
    place.receive("one", "two", dataset="linux.process")
    monkeypatch.setitem(PARSERS, "linux.process", lambda event: {"message": f"read {event.raw}"})
    with monkeypatch.context() as cut:
        cut.setattr(place.desk.rows, "decide", _killed)
        with pytest.raises(KeyboardInterrupt):
            place.desk.replay(WHO, Wanted())
    place.run()
    assert place.desk.replay(WHO, Wanted()).sent == 2
    place.run()
    assert len(place.found("message:read")) == 2


def _killed(*_: object) -> None:
    raise KeyboardInterrupt


def test_only_what_is_meant_is_sent_or_dropped(place: Place, database: Database) -> None:
    place.receive("one", "two", dataset="linux.process")
    first, second = place.desk.items(SCOPE, Wanted())
    assert place.desk.drop(WHO, Wanted(ids=(first.record.id,)), "rubbish of a test machine") == 1
    assert [item.record.id for item in place.desk.items(SCOPE, Wanted())] == [second.record.id]
    assert list(place.desk.items(SCOPE, Wanted(dataset="other.json"))) == []
    assert list(place.desk.items(frozenset({"dept-b"}), Wanted())) == []
    entries = Audit(database).entries(0, 10)
    assert [(entry.action, entry.why) for entry in entries] == [("quarantine.dropped", "rubbish of a test machine")]


def test_only_an_administrator_empties_it_and_says_why(place: Place) -> None:
    operator = Principal(id="o", name="o", role=Role.OPERATOR, agency="city", scope=SCOPE)
    with pytest.raises(RefusedError):
        place.desk.replay(operator, Wanted())
    with pytest.raises(InputError, match="say why"):
        place.desk.drop(WHO, Wanted(), " ")


def test_nobody_makes_history_of_ours_by_a_replay(place: Place) -> None:
    place.receive('{"x": 1}', dataset="sentinel.audit")
    place.receive("no json", dataset="linux.process", first=2)
    assert place.desk.replay(WHO, Wanted(), "sentinel.audit").sent == 0
