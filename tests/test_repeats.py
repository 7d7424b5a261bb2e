"""A keyed event is judged and counted once, however often it comes; one with a sequence always is."""

from sentinel.event import decode
from sentinel.intake.lines import encoded
from sentinel.journal import Entry
from sentinel.model.record import Record
from sentinel.repeats import MAX_RECENT, Repeats
from tests.intake.test_lines import AT, TIMED


def pair(key: str, number: int = 1) -> tuple[Entry, Record]:
    event = decode(encoded(TIMED, key, AT), collector="s-1", epoch="e", sequence=number)
    return Entry(number, "dept-a", "", event), Record(f"id of {key or number}", {})


def fresh(repeats: Repeats, *pairs: tuple[Entry, Record], doubt: int = 0) -> list[int]:
    entries = [entry for entry, _ in pairs]
    keyed = [place for place, entry in enumerate(entries) if entry.event.key]
    return repeats.fresh(entries, [record for _, record in pairs], keyed, doubt)


def test_the_first_of_equal_ones_is_kept() -> None:
    assert fresh(Repeats(lambda ids: set()), pair("a"), pair("b"), pair("a"), pair("a")) == [0, 1]


def test_what_the_store_has_is_a_repeat() -> None:
    assert fresh(Repeats(lambda ids: {"id of a"} & set(ids)), pair("a"), pair("b")) == [1]


def test_what_a_batch_stored_that_was_cut_short_is_judged_again() -> None:
    """Else correlations, which go back to the mark, would never hear of it."""
    repeats = Repeats(lambda ids: {"id of a", "id of b"} & set(ids))
    assert fresh(repeats, pair("a", 1), pair("b", 2), doubt=2) == [0]


def test_what_is_in_doubt_and_came_again_in_the_same_batch_is_judged_once() -> None:
    """Its sender sent it again before the batch that was cut short was taken up again."""
    repeats = Repeats(lambda ids: {"id of a", "id of b", "id of c"} & set(ids))
    assert fresh(repeats, pair("a", 1), pair("b", 2), pair("a", 3), pair("c", 4), pair("b", 5), doubt=3) == [0, 1]


def test_what_failed_is_no_repeat_and_what_is_stored_is_one() -> None:
    repeats = Repeats(lambda ids: set())
    assert fresh(repeats, pair("a")) == [0]
    assert fresh(repeats, pair("a")) == [0]
    repeats.remember([pair("a")[1]])
    assert fresh(repeats, pair("a")) == []


def test_events_with_a_sequence_are_never_asked_for() -> None:
    def known(ids: object) -> set[str]:
        raise AssertionError(ids)

    assert fresh(Repeats(known), pair("", 1), pair("", 1)) == [0, 1]


def test_it_remembers_so_many_and_asks_the_store_for_the_rest() -> None:
    asked: list[str] = []
    repeats = Repeats(lambda ids: asked.extend(ids) or set())  # type: ignore[func-returns-value]
    repeats.remember(pair(str(number))[1] for number in range(MAX_RECENT + 1))
    assert fresh(repeats, pair("0"), pair("1")) == [0]
    assert asked == ["id of 0"]
