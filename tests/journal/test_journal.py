"""The contract of every journal."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sentinel.errors import ConflictError
from sentinel.event import Event, encode
from sentinel.journal import Batch, Journal
from sentinel.journal.local import LocalJournal

AT = "2026-11-23T08:00:00.000000Z"
Reopen = Callable[[], Journal]

BACKENDS: dict[str, Callable[[Path], Journal]] = {"local": lambda folder: LocalJournal(folder / "journal.db")}


@pytest.fixture(params=BACKENDS)
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reopen]:
    """Return a function that opens the same journal again, as a restarted server does."""
    opened: list[Journal] = []

    def again() -> Journal:
        while opened:
            opened.pop().close()
        opened.append(BACKENDS[request.param](tmp_path))
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


def raws(journal: Journal, position: int = 0, limit: int = 100) -> list[str]:
    return [entry.event.raw for entry in journal.read(position, limit)]


def test_what_was_appended_is_read_in_order_with_its_place(journal: Journal) -> None:
    assert journal.append(batch(1, "a", "b")) == 2
    assert journal.append(batch(3, "c")) == 3
    entries = journal.read(0, 10)
    assert [(entry.position, entry.event.sequence, entry.event.raw) for entry in entries] == [
        (0, 1, "a"), (1, 2, "b"), (2, 3, "c"),
    ]  # fmt: skip
    assert {(entry.agency, entry.received_at, entry.fault) for entry in entries} == {("city", AT, "")}
    assert journal.end() == 3


def test_reading_begins_and_stops_inside_a_batch(journal: Journal) -> None:
    journal.append(batch(1, "a", "b", "c"))
    journal.append(batch(4, "d", "e"))
    assert raws(journal, 1, 3) == ["b", "c", "d"]
    assert raws(journal, 4, 3) == ["e"]
    assert raws(journal, 5) == []
    assert raws(journal, 99) == []


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
    first, broken, last = journal.read(0, 10)
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
    assert journal.end() == 3


def test_trimming_forgets_entries_but_neither_places_nor_sequences(reopen: Reopen) -> None:
    journal = reopen()
    journal.append(batch(1, "a", "b"))
    journal.append(batch(3, "c"))
    journal.trim(2)
    assert [entry.position for entry in journal.read(0, 10)] == [2]
    journal.trim(3)
    journal = reopen()
    assert journal.read(0, 10) == []
    assert journal.end() == 3
    assert journal.last_sequence("c1", "aaaaaaaa") == 3
    journal.append(batch(4, "d"))
    assert [(entry.position, entry.event.raw) for entry in journal.read(3, 10)] == [(3, "d")]


def test_trimming_into_a_batch_keeps_what_is_after_it(journal: Journal) -> None:
    journal.append(batch(1, "a", "b", "c"))
    journal.trim(1)
    assert raws(journal, 1) == ["b", "c"]
