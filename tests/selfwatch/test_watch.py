"""Promises of the watch: each audit entry is one event, and what is not as it should be is said."""

import hashlib
import threading
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from sqlalchemy import Engine, insert, update

from sentinel.accounts.agencies import Agencies
from sentinel.audit import Audit
from sentinel.database.storage_tables import senders
from sentinel.database.tables import audit as audit_table
from sentinel.database.tables import collectors
from sentinel.event import Event, encode
from sentinel.intake.identity import Identities, UnknownCollectorError
from sentinel.intake.senders import Senders, columns
from sentinel.journal import Batch
from sentinel.journal.local import LocalJournal
from sentinel.model.moment import to_text
from sentinel.model.record import Record
from sentinel.model.sender import Sender
from sentinel.normalise import normalise
from sentinel.pipeline import Pipeline
from sentinel.selfwatch.checks import Limits
from sentinel.selfwatch.door import Door
from sentinel.selfwatch.sources import MAX_OF_ONE, MIN_ARRIVALS, MIN_SET_ASIDE, Sources
from sentinel.selfwatch.watch import Watch
from sentinel.store.local import LocalStore
from tests.store.examples import city
from tests.survivor import CountingEngine

START = datetime(2026, 11, 23, 8, tzinfo=UTC)
LINE = "Nov 23 08:00:00 web01 sshd[811]: Accepted password for root from 203.0.113.9 port 50022 ssh2"


class Place:
    """A server's home with one collector, a clock set by hand, and everything that watches."""

    def __init__(self, folder: Path, engine: Engine, audit: Audit) -> None:
        self.folder, self.engine, self.audit = folder, engine, audit
        self.now = START
        self.journal = LocalJournal(folder / "journal.db")
        self.store = LocalStore(folder / "store")
        self.wake = threading.Event()
        with engine.begin() as connection:
            row = {"id": "c1", "name": "web", "agency": "dept-a", "secret_hash": "x", "host": "web01", "version": "1"}
            more = {"can_respond": False, "revoked": False, "enrolled_at": to_text(START), "status": {}}
            connection.execute(insert(collectors).values(**row, **more, last_seen_at=to_text(START)))
        self.start()

    def start(self, disk_percent: int = 100) -> None:
        """Begin anew, as after a restart."""
        self.sources = Sources(self.engine)
        self.watch = Watch(
            audit=self.audit,
            door=Door(self.journal, self.wake),
            sources=self.sources,
            identities=Identities(self.engine),
            senders=Senders(self.engine),
            agencies=Agencies(self.engine),
            journal=self.journal,
            store=self.store,
            home=self.folder,
            limits=Limits(disk_percent=disk_percent),
            clock=lambda: self.now,
        )
        self.pipeline = Pipeline(
            self.journal, self.store, CountingEngine(), normalise, lambda found: None, on_stored=self.sources.see  # type: ignore[arg-type]
        )  # fmt: skip

    def pass_by(self, **time: float) -> None:
        self.now += timedelta(**time)

    def send(self, *texts: str, dataset: str = "linux.auth", ahead: float = 0.0) -> None:
        """Receive lines of the collector, which is a sign of life, and store them."""
        with self.engine.begin() as connection:
            connection.execute(update(collectors).values(last_seen_at=to_text(self.now)))
        first = self.journal.last_sequence("c1", "aaaaaaaa") + 1
        seen = self.now + timedelta(seconds=ahead)
        lines = [
            encode(Event(collector="", epoch="", sequence=0, dataset=dataset, host="h", seen_at=seen, raw=text))
            for text in texts
        ]
        self.journal.append(Batch("c1", "dept-a", "aaaaaaaa", first, lines, to_text(self.now)))
        self.drain()

    def drain(self) -> None:
        while self.pipeline.step():
            pass

    def said(self) -> list[str]:
        """Return the actions of own events but those of the daily check, oldest first."""
        self.drain()
        records = self.store.scan(city("agent.id:sentinel"))
        found = sorted(records, key=lambda record: (record.at, record.fields["event.sequence"]))
        return [action for each in found if (action := str(each.fields["event.action"])) != "audit.verified"]

    def found(self, query: str) -> list[Record]:
        self.drain()
        return list(self.store.scan(city(query)))

    def close(self) -> None:
        self.journal.close()
        self.store.close()


@pytest.fixture
def place(tmp_path: Path, engine: Engine, log: Audit) -> Iterator[Place]:
    made = Place(tmp_path, engine, log)
    yield made
    made.close()


def note(place: Place, action: str, agency: str = "city") -> None:
    place.audit.record(actor="an", agency=agency, action=action, object="o", why="vì sao")


def test_each_audit_entry_becomes_one_event_with_its_sequence(place: Place) -> None:
    for action, agency in (("alert.closed", "dept-a"), ("sign_in.done", "dept-b"), ("alert.closed", "city")):
        note(place, action, agency)
    place.watch.look()
    place.watch.look()
    place.drain()
    found = list(place.store.scan(city("event.dataset:sentinel.audit AND NOT event.action:audit.verified")))
    assert sorted((each.fields["event.sequence"], each.fields["organization.id"]) for each in found) == [
        (1, "dept-a"),
        (2, "dept-b"),
        (3, "city"),
    ]
    assert all(each.fields["event.agent_id_status"] == "verified" for each in found)


def test_a_restart_tells_nothing_twice_and_leaves_nothing_out(place: Place) -> None:
    note(place, "alert.closed")
    place.watch.tell_audit()
    note(place, "alert.acknowledged")
    place.start()
    note(place, "alert.closed")
    place.watch.tell_audit()
    assert place.said() == ["alert.closed", "alert.acknowledged", "alert.closed"]


def test_a_new_journal_brings_no_event_a_second_time_into_the_store(place: Place) -> None:
    note(place, "alert.closed")
    place.watch.tell_audit()
    place.drain()
    place.journal.close()
    for path in place.folder.glob("journal.db*"):
        path.unlink()
    place.journal = LocalJournal(place.folder / "journal.db")
    place.start()
    note(place, "alert.acknowledged")
    place.watch.tell_audit()
    assert place.said() == ["alert.closed", "alert.acknowledged"]


def test_a_silent_collector_is_said_and_its_return_too(place: Place) -> None:
    place.send(LINE)
    place.pass_by(minutes=16)
    place.watch.look()
    assert place.said() == ["collector.silent"]
    place.send(LINE)
    place.pass_by(minutes=2)
    place.watch.look()
    assert place.said() == ["collector.silent", "collector.silent.ended"]


def test_a_source_that_falls_silent_is_said_while_its_collector_speaks(place: Place) -> None:
    for _ in range(MIN_ARRIVALS):
        place.pass_by(minutes=10)
        place.send(LINE)
        place.send("GET", dataset="nginx.access")
    for _ in range(5):
        place.pass_by(minutes=5)
        place.send("GET", dataset="nginx.access")
        place.watch.look()
    assert place.said() == [], "25 minutes are within three times the usual ten"
    place.pass_by(minutes=10)
    place.send("GET", dataset="nginx.access")
    place.watch.look()
    (found,) = place.found("event.action:source.silent")
    assert found.fields["sentinel.own.dataset"] == "linux.auth"
    assert (found.fields["sentinel.own.value"], found.fields["sentinel.own.limit"]) == (2_100, 1_800)
    assert found.fields["organization.id"] == "dept-a"


def test_a_program_of_others_that_falls_silent_is_said(place: Place) -> None:
    sender = Sender(id="s1", door="hec", name="firewall", agency="dept-b", dataset="fortinet.firewall")
    with place.engine.begin() as connection:
        connection.execute(insert(senders).values(**columns(replace(sender, created_at=to_text(START)))))
    for number in range(MIN_ARRIVALS):
        place.pass_by(minutes=10)
        event = Event(collector="", epoch="", sequence=0, dataset="app.text", host="h", seen_at=place.now, raw="x")
        place.journal.append(Batch("s1", "dept-b", "bbbbbbbb", number + 1, [encode(event)], to_text(place.now)))
        place.drain()
    place.pass_by(minutes=31)
    place.send(LINE)
    place.watch.look()
    (found,) = place.found("event.action:source.silent")
    assert found.fields["sentinel.own.collector"] == "s1"
    assert found.fields["organization.id"] == "dept-b"


def test_what_is_usual_survives_a_restart(place: Place) -> None:
    for _ in range(MIN_ARRIVALS):
        place.pass_by(minutes=10)
        place.send(LINE)
    place.sources.flush()
    before = place.sources.silent(place.now + timedelta(hours=1), timedelta(minutes=15))
    place.start()
    assert place.sources.silent(place.now + timedelta(hours=1), timedelta(minutes=15)) == before != []


def test_a_collector_that_invents_datasets_takes_no_memory(place: Place) -> None:
    for number in range(MAX_OF_ONE + 50):
        place.send("x", dataset=f"made.up{number}")
    place.sources.flush()
    assert len(place.sources.silent(place.now + timedelta(days=9), timedelta(0))) == 0
    place.start()
    assert len(place.sources._known) == MAX_OF_ONE


def test_a_clock_ahead_is_said(place: Place) -> None:
    place.send(LINE, ahead=300)
    place.watch.look()
    assert place.said() == ["collector.clock_skew"]
    place.pass_by(minutes=2)
    place.send(LINE)
    place.watch.look()
    assert place.said()[-1] == "collector.clock_skew.ended"


def test_many_lines_that_cannot_be_read_are_said(place: Place) -> None:
    place.send(*["{broken"] * MIN_SET_ASIDE, dataset="egov.onestop")
    place.watch.look()
    assert place.said() == ["health.set_aside_growing"]


def test_a_full_disk_and_lost_events_and_a_full_spool_are_said(place: Place) -> None:
    place.start(disk_percent=1)
    identities = Identities(place.engine)
    identities.report("c1", {"drops": 5, "spool_bytes": 9, "spool_limit_bytes": 10}, place.now)
    place.watch.look()
    place.pass_by(minutes=16)
    identities.report("c1", {"drops": {"flows": 5, "lines": 7}, "spool_bytes": 9, "spool_limit_bytes": 10}, place.now)
    place.watch.look()
    assert sorted(place.said()) == ["collector.events_lost", "collector.spool_full", "health.disk_low"]


def test_a_pipeline_that_stands_still_is_said(place: Place) -> None:
    place.send(LINE)
    place.journal.append(Batch("c1", "dept-a", "bbbbbbbb", 1, [b"{}"], to_text(place.now)))
    place.pass_by(minutes=6)
    place.watch.look()
    assert "health.pipeline_behind" in place.said()


def test_a_changed_audit_log_is_said(place: Place) -> None:
    note(place, "alert.closed")
    note(place, "alert.closed")
    place.watch.look()
    with place.engine.begin() as connection:
        connection.execute(update(audit_table).where(audit_table.c.sequence == 2).values(why="nothing"))
    place.pass_by(hours=7)
    place.send(LINE)
    place.watch.look()
    (found,) = place.found("event.action:audit.chain_broken")
    assert found.fields["sentinel.own.object"] == "2"


def test_a_collector_cannot_write_sentinels_history(place: Place) -> None:
    place.send('{"time": "2026-11-23T08:00:00Z", "action": "alert.closed", "agency": "city"}', dataset="sentinel.audit")
    (found,) = place.store.scan(city("agent.id:c1"))
    assert found.fields["event.kind"] == "pipeline_error"
    assert "only the server itself" in str(found.fields["error.message"])


def test_a_pipeline_that_cannot_store_is_said(place: Place) -> None:
    place.watch._trouble = lambda: "cannot write the store: disk full"
    place.watch.look()
    assert place.said() == ["health.store_unavailable"]


def test_a_revoked_collector_that_goes_on_is_said_once_a_minute(place: Place) -> None:
    identities = Identities(place.engine)
    with place.engine.begin() as connection:
        digest = hashlib.sha256(b"secret").hexdigest()
        connection.execute(update(collectors).values(revoked=True, secret_hash=digest))
    for _ in range(3):
        with pytest.raises(UnknownCollectorError, match="revoked"):
            identities.who("secret")
    place.watch.look()
    (found,) = place.found("event.action:collector.refused")
    assert (found.fields["sentinel.own.collector"], found.fields["event.reason"]) == ("c1", "revoked")
    assert found.fields["organization.id"] == "dept-a"
