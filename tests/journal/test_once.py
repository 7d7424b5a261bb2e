"""What a journal holds twice is dropped once for all, whatever is cut where and killed when."""

import random
from datetime import UTC, datetime

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.journal import Entry
from sentinel.journal.once import MAX_SPOOLS, Once


def entry(place: int, sequence: int, collector: str = "c1", epoch: str = "aaaaaaaa") -> Entry:
    event = Event(
        collector=collector, epoch=epoch, sequence=sequence, dataset="d.d", host="h",
        seen_at=datetime(2026, 1, 1, tzinfo=UTC), raw=f"{collector} {epoch} {sequence}",
    )  # fmt: skip
    return Entry(place, "city", "2026-11-23T08:00:00.000000Z", event)


def entries(*sequences: int) -> list[Entry]:
    return [entry(place, sequence) for place, sequence in enumerate(sequences)]


def test_all_that_is_new_stays_as_it_is() -> None:
    batch = entries(1, 2, 3)
    assert Once().fresh(batch) is batch


def test_a_repeat_is_dropped_within_a_batch_and_after_it() -> None:
    once = Once()
    batch = entries(1, 2, 1, 2, 3)
    fresh = once.fresh(batch)
    assert [each.event.sequence for each in fresh] == [1, 2, 3]
    # Nothing is remembered before it is stored.
    assert list(once.fresh(batch)) == list(fresh)
    once.note(fresh)
    assert [each.event.sequence for each in once.fresh(entries(2, 3, 4))] == [4]


def test_collectors_and_epochs_are_told_apart() -> None:
    once = Once()
    once.note([entry(0, 5)])
    assert once.fresh([entry(1, 1, collector="c2"), entry(2, 1, epoch="bbbbbbbb"), entry(3, 5)]) != []
    assert len(once.fresh([entry(1, 1, collector="c2"), entry(2, 1, epoch="bbbbbbbb"), entry(3, 5)])) == 2


def test_it_goes_on_from_a_mark_with_the_state_of_others_in_it() -> None:
    once = Once()
    once.note(entries(1, 2))
    state = once.seal(b"correlations")
    later = Once()
    assert later.open(state) == b"correlations"
    assert later.seal(b"correlations") == state
    assert later.fresh(entries(2)) == []
    assert later.open(b"") == b""
    assert later.fresh(entries(2)) != []


def test_the_longest_silent_spools_are_forgotten_first() -> None:
    once = Once()
    once.note([entry(0, 1, epoch="aaaaaaaa")])
    once.note([entry(place, 1, epoch=f"{place:08x}") for place in range(MAX_SPOOLS)])
    assert len(once.fresh([entry(0, 1, epoch="aaaaaaaa")])) == 1
    assert once.fresh([entry(0, 1, epoch=f"{5:08x}")]) == []


@given(state=st.binary(min_size=1, max_size=200))
def test_a_damaged_state_is_told(state: bytes) -> None:
    with pytest.raises(InputError):
        Once().open(state)
    with pytest.raises(InputError):
        Once().open(Once().seal(b"")[:-1] + b"\xc1" + state)


@settings(deadline=None)
@given(st.lists(st.tuples(st.integers(0, 20), st.integers(1, 6)), max_size=30), st.randoms(use_true_random=False))
def test_whatever_is_sent_again_each_sequence_comes_once_and_in_order(
    sends: list[tuple[int, int]], chance: random.Random
) -> None:
    """A sender begins anywhere at or before what was acknowledged plus one, as the journal makes sure."""
    journal: list[int] = []
    last = 0
    for back, count in sends:
        first = max(1, last + 1 - back)
        journal += range(first, first + count)
        last = max(last, first + count - 1)
    once, seen, place = Once(), [], 0
    while place < len(journal):
        batch = entries(*journal[place : place + chance.randrange(1, 8)])
        fresh = once.fresh(batch)
        if chance.random() < 0.3:
            following = Once()
            following.open(once.seal(b""))
            once = following
            continue
        once.note(fresh)
        seen += [each.event.sequence for each in fresh]
        place += len(batch)
    assert seen == list(range(1, last + 1))


def test_another_journal_is_known_and_what_went_with_the_one_before_is_counted() -> None:
    once = Once()
    assert not once.is_anew("")
    assert not once.is_anew("one")
    assert not once.is_anew("")
    once.note(entries(1, 2, 3))
    later = Once()
    later.open(once.seal(b""))
    assert not later.is_anew("one")
    assert later.is_anew("two")
    # Older ones come again from there: the store drops what it has, and nobody takes them for repeats here.
    assert [each.event.sequence for each in later.fresh(entries(6, 7))] == [6, 7]
    later.note(entries(6, 7))
    assert later.missing == 2
    later.note(entries(10))
    assert later.missing == 2
    again = Once()
    again.open(later.seal(b""))
    assert not again.is_anew("two")


def test_a_mark_from_before_knows_no_journal_and_takes_any() -> None:
    once = Once()
    once.open(b"SENTINEL-ONCE-1\n" + msgspec.msgpack.encode([[["c1", "aaaaaaaa", 4]], b"x"]))
    assert not once.is_anew("one")
    assert once.fresh(entries(4)) == []
    assert once.is_anew("two")
