"""What a door takes is in the journal on return; too fast or too full is refused, never dropped."""

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from sentinel.audit import Audit
from sentinel.errors import UnavailableError
from sentinel.event import MAX_BATCH_EVENTS
from sentinel.intake.doorway import Doorway, TooFastError
from sentinel.intake.ledger import Ledger
from sentinel.intake.lines import Line
from sentinel.intake.pace import BURST_SECONDS
from sentinel.intake.sender_desk import SenderDesk
from sentinel.intake.senders import Senders
from sentinel.journal import Batch, Entry
from sentinel.journal.local import LocalJournal
from sentinel.model.sender import Sender, SenderLimits
from tests.intake.test_senders import ROOT

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def journal(tmp_path: Path) -> LocalJournal:
    return LocalJournal(tmp_path / "journal.db")


@pytest.fixture
def sender(engine: Engine, log: Audit) -> Sender:
    limits = SenderLimits(events_per_second=100, bytes_per_second=10_000)
    return SenderDesk(engine, log).add(
        ROOT, door="hec", name="x", agency="dept-a", dataset="app.portal", limits=limits
    )[0]


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def doorway(journal: LocalJournal, engine: Engine, clock: Clock) -> Doorway:
    return Doorway(journal, engine, threading.Event(), monotonic=clock)


def lines(*texts: str) -> list[Line]:
    return [Line(raw=text, dataset="app.portal", host="web01") for text in texts]


def kept(journal: LocalJournal) -> list[Entry]:
    found: list[Entry] = []
    while more := journal.read(len(found), 10_000):
        found += more
    return found


def test_what_is_taken_is_in_the_journal_under_the_sender_and_its_agency(
    doorway: Doorway, journal: LocalJournal, sender: Sender, engine: Engine
) -> None:
    assert doorway.take(sender, lines("một", "hai"), size=7, at=AT) == 2
    found = kept(journal)
    assert [(each.event.raw, each.event.sequence) for each in found] == [("một", 1), ("hai", 2)]
    assert {(each.event.collector, each.agency) for each in found} == {(sender.id, "dept-a")}
    assert all(each.event.key for each in found)
    assert Senders(engine).find(frozenset({"dept-a"}))[0].last_seen_at is not None


def test_a_request_larger_than_a_batch_is_kept_whole(doorway: Doorway, journal: LocalJournal, sender: Sender) -> None:
    texts = [str(number) for number in range(MAX_BATCH_EVENTS + 5)]
    doorway.take(sender, lines(*texts), size=1, at=AT)
    assert [each.event.raw for each in kept(journal)] == texts


def test_many_threads_lose_nothing(doorway: Doorway, journal: LocalJournal, sender: Sender) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda number: doorway.take(sender, lines(f"{number}"), size=1, at=AT), range(100)))
    assert sorted(int(each.event.raw) for each in kept(journal)) == list(range(100))


class FullOnce(LocalJournal):
    """Keeps the second batch and says that it could not: nobody may rely on either."""

    calls = 0

    def append(self, batch: Batch) -> int:
        self.calls += 1
        last = super().append(batch)
        if self.calls == 2:
            raise UnavailableError("the disk was full")
        return last


def test_after_a_failure_nothing_that_follows_is_taken_for_a_repeat(
    tmp_path: Path, engine: Engine, sender: Sender
) -> None:
    journal = FullOnce(tmp_path / "journal.db")
    doorway = Doorway(journal, engine, threading.Event())
    doorway.take(sender, lines("a"), size=1)
    with pytest.raises(UnavailableError):
        doorway.take(sender, lines("b"), size=1)
    doorway.take(sender, lines("c"), size=1)
    assert [each.event.raw for each in kept(journal)] == ["a", "b", "c"]


@pytest.mark.parametrize(("events", "size"), [(100 * BURST_SECONDS + 50, 1), (1, 10_000 * BURST_SECONDS + 5_000)])
def test_who_goes_too_fast_waits_and_may_go_on(
    doorway: Doorway, sender: Sender, clock: Clock, engine: Engine, events: float, size: float
) -> None:
    doorway.admit(sender)
    doorway.take(sender, lines(*["x"] * int(events)), size=int(size))
    with pytest.raises(TooFastError) as caught:
        doorway.admit(sender)
    assert caught.value.wait_seconds == pytest.approx(0.5)
    (counter,) = Ledger(engine).counters(frozenset({"dept-a"}))
    assert (counter.collector, counter.reason, counter.count) == (sender.id, "too_fast", 1)
    clock.seconds += 0.6
    doorway.admit(sender)


def test_many_who_go_too_fast_are_written_once_a_second_and_all_counted(
    doorway: Doorway, sender: Sender, clock: Clock, engine: Engine
) -> None:
    doorway.take(sender, lines(*["x"] * 3_000), size=1)
    for _ in range(5):
        with pytest.raises(TooFastError):
            doorway.admit(sender)
    (counter,) = Ledger(engine).counters(frozenset({"dept-a"}))
    assert counter.count == 1
    clock.seconds += 1.5
    with pytest.raises(TooFastError):
        doorway.admit(sender)
    (counter,) = Ledger(engine).counters(frozenset({"dept-a"}))
    assert counter.count == 6


def test_nonsense_uses_up_what_a_sender_may_send(doorway: Doorway, sender: Sender) -> None:
    doorway.admit(sender)
    for _ in range(200):
        doorway.charge(sender, 0)
    with pytest.raises(TooFastError):
        doorway.admit(sender)


def test_a_steady_sender_at_its_limit_never_waits(doorway: Doorway, sender: Sender, clock: Clock) -> None:
    for _ in range(100):
        doorway.admit(sender)
        doorway.take(sender, lines(*["x"] * 10), size=100)
        clock.seconds += 0.1


def test_it_counts_by_door(doorway: Doorway, sender: Sender) -> None:
    faults: Sequence[tuple[str, tuple[int, str]]] = [("bad_item", (2, "no JSON"))]
    doorway.take(sender, lines("a", "b"), size=20)
    doorway.count(sender, dict(faults))
    doorway.refused("bulk")
    assert doorway.statistics == {
        ("hec", "events"): 2,
        ("hec", "bytes"): 20,
        ("hec", "bad_item"): 2,
        ("bulk", "unknown_sender"): 1,
    }


def test_a_zone_that_was_set_otherwise_makes_nothing_new_of_what_comes_again(
    doorway: Doorway, journal: LocalJournal, sender: Sender
) -> None:
    own = Line(raw="c", dataset="app.portal", time=AT, hints={"event.timezone": "+05:00"})
    said = [*lines("a"), own]
    for zone in ("Asia/Ho_Chi_Minh", "UTC", ""):
        doorway.take(sender, said, size=10, at=AT, zone=zone)
    found = [entry.event for entry in kept(journal)]
    assert len({event.key for event in found}) == 2
    zones = [event.hints.get("event.timezone") for event in found]
    assert zones == ["Asia/Ho_Chi_Minh", "+05:00", "UTC", "+05:00", None, "+05:00"]
