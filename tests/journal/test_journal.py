"""The contract of every journal."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sentinel.errors import ConflictError
from sentinel.event import Event, encode
from sentinel.journal import Batch, Journal, Part
from sentinel.journal.local import LocalJournal
from tests.live.servers.kafka import KafkaServer

AT = "2026-11-23T08:00:00.000000Z"
Reopen = Callable[[], Journal]


def local(folder: Path, request: pytest.FixtureRequest) -> Journal:
    del request
    return LocalJournal(folder / "journal.db")


def kafka(folder: Path, request: pytest.FixtureRequest) -> Journal:
    from tests.journal.on_kafka import open_journal

    server: KafkaServer = request.getfixturevalue("kafka")
    return open_journal(server.url, folder, trim_every=0.0)


BACKENDS: dict[str, Callable[[Path, pytest.FixtureRequest], Journal]] = {"local": local, "kafka": kafka}


@pytest.fixture(params=["local", pytest.param("kafka", marks=pytest.mark.live)])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reopen]:
    """Return a function that opens the same journal again, as a restarted server does."""
    opened: list[Journal] = []

    def again() -> Journal:
        while opened:
            opened.pop().close()
        opened.append(BACKENDS[request.param](tmp_path, request))
        return opened[-1]

    yield again
    while opened:
        opened.pop().close()


@pytest.fixture
def journal(reopen: Reopen) -> Journal:
    return reopen()


def line(text: str) -> bytes:
    event = Event(
        collector="", epoch="", sequence=0, dataset="linux.auth", host="h", seen_at=datetime(2026, 1, 1, tzinfo=UTC),
        raw=text,
    )  # fmt: skip
    return encode(event)


def batch(first: int, *texts: str, collector: str = "c1", epoch: str = "aaaaaaaa") -> Batch:
    lines = [line(text) for text in texts]
    return Batch(collector=collector, agency="city", epoch=epoch, first=first, lines=lines, received_at=AT)


def only(journal: Journal) -> Part:
    (number,) = journal.parts()
    return journal.part(number)


def raws(journal: Journal, position: int = 0, limit: int = 100) -> list[str]:
    return [entry.event.raw for entry in only(journal).read(position, limit)]


def places(journal: Journal) -> list[int]:
    return [entry.position for entry in only(journal).read(0, 100)]


def test_what_was_appended_is_read_in_order_with_its_place(journal: Journal) -> None:
    assert journal.append(batch(1, "a", "b")) == 2
    assert journal.append(batch(3, "c")) == 3
    entries = only(journal).read(0, 10)
    assert [(entry.event.sequence, entry.event.raw) for entry in entries] == [(1, "a"), (2, "b"), (3, "c")]
    assert {(entry.agency, entry.received_at, entry.fault) for entry in entries} == {("city", AT, "")}
    assert [entry.position for entry in entries] == sorted({entry.position for entry in entries})
    assert entries[0].position == only(journal).begin() == 0
    assert entries[-1].position < only(journal).end()


def test_what_waits_is_counted_in_one_unit(journal: Journal) -> None:
    part = only(journal)
    assert part.waiting(0) == 0
    for first in range(1, 5):
        journal.append(batch(first, "a"))
    assert [part.waiting(place + 1) for place in places(journal)] == [3, 2, 1, 0]
    assert part.waiting(0) == 4


def test_an_empty_journal_begins_and_ends_at_0(journal: Journal) -> None:
    part = only(journal)
    assert (part.begin(), part.end(), list(part.read(0, 10))) == (0, 0, [])


def test_reading_begins_and_stops_inside_a_batch(journal: Journal) -> None:
    journal.append(batch(1, "a", "b", "c"))
    journal.append(batch(4, "d", "e"))
    found = places(journal)
    assert raws(journal, found[1], 3) == raws(journal, found[0] + 1, 3) == ["b", "c", "d"]
    assert raws(journal, found[4], 3) == raws(journal, found[3] + 1, 3) == ["e"]
    assert raws(journal, found[4] + 1) == []
    assert raws(journal, only(journal).end()) == []


def test_reading_goes_on_after_the_last_entry_when_more_has_come(journal: Journal) -> None:
    journal.append(batch(1, "a", "b"))
    position = places(journal)[-1] + 1
    assert raws(journal, position) == []
    journal.append(batch(3, "c"))
    assert raws(journal, position) == ["c"]
    journal.append(batch(4, "d"))
    assert raws(journal, position, 1) == ["c"]
    assert raws(journal, position) == ["c", "d"]


def test_a_repeated_batch_changes_nothing(journal: Journal) -> None:
    journal.append(batch(1, "a", "b"))
    assert journal.append(batch(1, "a", "b")) == 2
    assert journal.append(batch(1, "a")) == 2
    assert raws(journal) == ["a", "b"]


def test_of_an_overlapping_batch_only_the_new_lines_are_kept(journal: Journal) -> None:
    journal.append(batch(1, "a", "b"))
    assert journal.append(batch(2, "b", "c", "d")) == 4
    assert raws(journal) == ["a", "b", "c", "d"]


def test_a_gap_is_refused_and_the_expected_sequence_named(journal: Journal) -> None:
    journal.append(batch(1, "a"))
    with pytest.raises(ConflictError) as caught:
        journal.append(batch(3, "c"))
    assert caught.value.expected == 2  # type: ignore[attr-defined]
    assert raws(journal) == ["a"]
    assert journal.append(batch(2, "b")) == 2


def test_collectors_and_epochs_count_apart(journal: Journal) -> None:
    journal.append(batch(1, "a", "b"))
    journal.append(batch(1, "c", collector="c2"))
    journal.append(batch(1, "d", epoch="bbbbbbbb"))
    assert journal.last_sequence("c1", "aaaaaaaa") == 2
    assert journal.last_sequence("c2", "aaaaaaaa") == 1
    assert journal.last_sequence("c1", "bbbbbbbb") == 1
    assert journal.last_sequence("c2", "bbbbbbbb") == 0
    assert raws(journal) == ["a", "b", "c", "d"]


def test_a_line_that_is_no_event_comes_with_its_fault_and_the_rest_goes_on(journal: Journal) -> None:
    lines = [line("a"), b"not json \xff", line("c")]
    journal.append(Batch(collector="c1", agency="city", epoch="aaaaaaaa", first=1, lines=lines, received_at=AT))
    first, broken, last = only(journal).read(0, 10)
    assert (first.fault, last.fault) == ("", "")
    assert "event 2: not JSON" in broken.fault
    assert broken.event.raw == "not json \\xff"
    assert broken.event.sequence == 2


def test_everything_survives_a_restart(reopen: Reopen) -> None:
    reopen().append(batch(1, "a", "b"))
    journal = reopen()
    assert raws(journal) == ["a", "b"]
    assert journal.last_sequence("c1", "aaaaaaaa") == 2
    assert journal.append(batch(1, "a", "b", "c")) == 3
    assert raws(journal) == ["a", "b", "c"]


def test_trimming_forgets_entries_but_neither_places_nor_sequences(reopen: Reopen) -> None:
    journal = reopen()
    journal.append(batch(1, "a", "b"))
    journal.append(batch(3, "c"))
    journal.append(batch(4, "d"))
    before = places(journal)
    only(journal).trim(before[2])
    assert places(journal) == before[2:]
    only(journal).trim(before[3])
    journal = reopen()
    assert places(journal) == before[3:]
    assert before[2] < only(journal).begin() <= before[3]
    assert journal.last_sequence("c1", "aaaaaaaa") == 4
    journal.append(batch(5, "e"))
    assert raws(journal, before[3] + 1) == ["e"]


def test_trimming_into_a_batch_keeps_what_is_after_it(journal: Journal) -> None:
    journal.append(batch(1, "a", "b", "c"))
    position = places(journal)[1]
    only(journal).trim(position)
    assert raws(journal, position) == ["b", "c"]


def test_all_of_a_collector_is_in_one_part(journal: Journal) -> None:
    journal.append(batch(1, "a"))
    journal.append(batch(2, "b"))
    found = [[entry.event.raw for entry in journal.part(number).read(0, 10)] for number in journal.parts()]
    assert [each for each in found if each] == [["a", "b"]]
