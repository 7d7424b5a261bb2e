"""Batches are kept in the journal or refused with a reason that is counted."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
import zstandard
from sqlalchemy import Engine

from sentinel.errors import ConflictError, InputError
from sentinel.event import MAX_BATCH_EVENTS
from sentinel.intake.identity import Identities
from sentinel.intake.ledger import MAX_REASONS
from sentinel.intake.receiver import Receiver
from sentinel.journal.local import LocalJournal
from sentinel.model.collector import Collector

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
EPOCH = "0123456789abcdef"
EVERYWHERE = frozenset({"city", "dept-a", "dept-b"})


@pytest.fixture
def journal(tmp_path: Path) -> Iterator[LocalJournal]:
    opened = LocalJournal(tmp_path / "journal.db")
    yield opened
    opened.close()


@pytest.fixture
def receiver(journal: LocalJournal, engine: Engine) -> Receiver:
    return Receiver(journal, engine)


def body(*texts: str) -> bytes:
    line = '{"dataset":"linux.auth","host":"h","seen_at":"2026-11-23T08:00:00+00:00","raw":"%s"}\n'
    return "".join(line % text for text in texts).encode()


def send(
    receiver: Receiver,
    collector: Collector,
    first: int,
    content: bytes,
    *,
    epoch: str = EPOCH,
    encoding: str = "identity",
) -> int:
    return receiver.receive(collector, epoch=epoch, first=first, encoding=encoding, body=content, at=AT)


def test_an_acknowledged_batch_is_in_the_journal(
    receiver: Receiver, collector: Collector, journal: LocalJournal
) -> None:
    packed = zstandard.ZstdCompressor().compress(body("a", "b"))
    assert send(receiver, collector, 1, packed, encoding="zstd") == 2
    entries = journal.read(0, 10)
    assert [(entry.event.raw, entry.agency, entry.event.collector) for entry in entries] == [
        ("a", "dept-a", collector.id),
        ("b", "dept-a", collector.id),
    ]
    assert entries[0].received_at == "2026-11-23T08:00:00.000000Z"


def test_a_repeated_batch_is_acknowledged_and_kept_once(
    receiver: Receiver, collector: Collector, journal: LocalJournal
) -> None:
    assert send(receiver, collector, 1, body("a", "b")) == 2
    assert send(receiver, collector, 1, body("a", "b")) == 2
    assert send(receiver, collector, 2, body("b", "c")) == 3
    assert journal.end() == 3


def test_a_gap_is_refused_with_the_sequence_expected(receiver: Receiver, collector: Collector) -> None:
    send(receiver, collector, 1, body("a"))
    with pytest.raises(ConflictError) as caught:
        send(receiver, collector, 3, body("c"))
    assert caught.value.expected == 2  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("first", "content", "epoch", "encoding", "status", "reason"),
    [
        (1, b"not zstd", EPOCH, "zstd", 400, "bad_batch"),
        (1, b"", EPOCH, "identity", 400, "bad_batch"),
        (0, body("a"), EPOCH, "identity", 400, "bad_batch"),
        (2**62, body("a"), EPOCH, "identity", 400, "bad_batch"),
        (1, body("a"), "../etc", "identity", 400, "bad_epoch"),
        (1, body("a"), "ABCDEF0123", "identity", 400, "bad_epoch"),
        (1, body("a"), "a" * 65, "identity", 400, "bad_epoch"),
        (1, body("a"), EPOCH, "br", 415, "bad_batch"),
        (1, b"x\n" * (MAX_BATCH_EVENTS + 1), EPOCH, "identity", 413, "too_large"),
        (1, b"x" + b"\n" * (MAX_BATCH_EVENTS + 1), EPOCH, "identity", 413, "too_large"),
    ],
)
def test_a_wrong_batch_is_refused_counted_and_not_kept(
    receiver: Receiver, collector: Collector, journal: LocalJournal,
    first: int, content: bytes, epoch: str, encoding: str, status: int, reason: str,
) -> None:  # fmt: skip
    for _ in range(2):
        with pytest.raises(InputError) as caught:
            send(receiver, collector, first, content, epoch=epoch, encoding=encoding)
        assert caught.value.http_status == status
    assert journal.end() == 0
    (counter,) = receiver.counters(EVERYWHERE)
    assert (counter.collector, counter.reason, counter.count) == (collector.id, reason, 2)
    assert counter.last_detail == str(caught.value)


def test_counters_are_seen_within_the_scope_only(receiver: Receiver, collector: Collector) -> None:
    receiver.count({(collector.id, "line:linux.auth"): (3, "why")}, AT)
    receiver.count({(collector.id, "line:linux.auth"): (2, "why else")}, AT + timedelta(seconds=1))
    (counter,) = receiver.counters(frozenset({"dept-a"}))
    assert (counter.count, counter.last_detail, counter.last_at) == (5, "why else", "2026-11-23T08:00:01.000000Z")
    assert receiver.counters(frozenset({"dept-b"})) == []
    assert receiver.counters(frozenset()) == []


def test_a_collector_that_invents_reasons_fills_no_table(receiver: Receiver, collector: Collector) -> None:
    for _ in range(2):
        receiver.count({(collector.id, f"line:made.up{number}"): (1, "why") for number in range(300)}, AT)
    found = {counter.reason: counter.count for counter in receiver.counters(EVERYWHERE)}
    assert len(found) == MAX_REASONS + 1
    assert found["line:made.up0"] == 2
    assert sum(found.values()) == 600


def test_a_batch_is_a_sign_of_life(receiver: Receiver, collector: Collector, identities: Identities) -> None:
    send(receiver, collector, 1, body("a"))
    found = identities.get(EVERYWHERE, collector.id)
    assert found is not None
    assert found.last_seen_at == "2026-11-23T08:00:00.000000Z"


def test_a_line_that_is_no_event_does_not_refuse_the_batch(
    receiver: Receiver, collector: Collector, journal: LocalJournal
) -> None:
    assert send(receiver, collector, 1, body("a") + b"broken\n" + body("c")) == 3
    assert [bool(entry.fault) for entry in journal.read(0, 9)] == [False, True, False]
