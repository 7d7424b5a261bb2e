"""A keyed event is judged and counted once, however often it comes; one with a sequence always is."""

from sentinel.event import decode
from sentinel.intake.lines import encoded
from sentinel.journal import Entry
from sentinel.model.record import Record
from sentinel.repeats import MAX_RECENT, Repeats
from tests.intake.test_lines import AT, TIMED


def pair(key: str, number: int = 1, at: str = "now") -> tuple[Entry, Record]:
    event = decode(encoded(TIMED, key, AT), collector="s-1", epoch="e", sequence=number)
    return Entry(number, "dept-a", at, event), Record(f"id of {key or number}", {})


def known(**stored: str) -> Repeats:
    """Return what asks a store that holds events by key, each received at a time."""
    held = {f"id of {key}": at for key, at in stored.items()}
    return Repeats(lambda ids: {each: held[each] for each in ids if each in held})


def fresh(repeats: Repeats, *pairs: tuple[Entry, Record], doubt: int = 0) -> list[int]:
    entries = [entry for entry, _ in pairs]
    keyed = [place for place, entry in enumerate(entries) if entry.event.key]
    return repeats.fresh(entries, [record for _, record in pairs], keyed, doubt)


def test_the_first_of_equal_ones_is_kept() -> None:
    assert fresh(known(), pair("a"), pair("b"), pair("a"), pair("a")) == [0, 1]


def test_what_the_store_has_is_a_repeat() -> None:
    assert fresh(known(a="now"), pair("a"), pair("b")) == [1]


def test_what_a_batch_stored_that_was_cut_short_is_judged_again() -> None:
    """Else correlations, which go back to the mark, would never hear of it."""
    assert fresh(known(a="now", b="now"), pair("a", 1), pair("b", 2), doubt=2) == [0]


def test_what_a_batch_that_was_cut_short_only_repeated_is_not_judged_again() -> None:
    """It had been stored and judged before that batch."""
    assert fresh(known(a="before", b="now"), pair("a", 1), pair("b", 2), pair("c", 3), doubt=4) == [1, 2]


def test_what_is_in_doubt_and_came_again_in_the_same_batch_is_judged_once() -> None:
    """Its sender sent it again before the batch that was cut short was taken up again."""
    again = [pair("a", 3, "later"), pair("c", 4, "later"), pair("b", 5, "later")]
    assert fresh(known(a="now", b="now", c="now"), pair("a", 1), pair("b", 2), *again, doubt=3) == [0, 1]


def test_what_failed_is_no_repeat_and_what_is_stored_is_one() -> None:
    repeats = known()
    assert fresh(repeats, pair("a")) == [0]
    assert fresh(repeats, pair("a")) == [0]
    repeats.remember([pair("a")[1]])
    assert fresh(repeats, pair("a")) == []


def test_events_with_a_sequence_are_never_asked_for() -> None:
    def ask(ids: object) -> dict[str, str]:
        raise AssertionError(ids)

    assert fresh(Repeats(ask), pair("", 1), pair("", 1)) == [0, 1]


def test_it_remembers_so_many_and_asks_the_store_for_the_rest() -> None:
    asked: list[str] = []
    repeats = Repeats(lambda ids: asked.extend(ids) or {})  # type: ignore[func-returns-value]
    repeats.remember(pair(str(number))[1] for number in range(MAX_RECENT + 1))
    assert fresh(repeats, pair("0"), pair("1")) == [0]
    assert asked == ["id of 0"]
