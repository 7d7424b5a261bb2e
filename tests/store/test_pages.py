"""The contract of pages, orders and frequent values, of every event store."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel.errors import InputError
from sentinel.model.search import Search
from sentinel.store import Mark, StoppedError, Store, reading
from sentinel.store.elastic import find
from tests.store.backends import BACKENDS, PARAMETERS
from tests.store.examples import city, record


@pytest.fixture(params=PARAMETERS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = BACKENDS[request.param](request, tmp_path)
    yield opened
    opened.close()


def walk(store: Store, size: int, **more: object) -> list[int]:
    """Return the numbers of all records, page by page."""
    seen: list[int] = []
    after = ""
    while True:
        found = store.search(city(limit=size, after=after, **more))
        seen += [int(each.id, 16) for each in found.records]
        if not found.next:
            return seen
        after = found.next


@pytest.mark.parametrize("newest_first", [True, False])
def test_pages_hold_everything_once(store: Store, newest_first: bool) -> None:
    for first in range(0, 30, 10):
        store.add([record(number, second=number // 3) for number in range(first, first + 10)], Mark(first))
    seen = walk(store, 4, newest_first=newest_first)
    assert seen == sorted(range(30), reverse=newest_first)


def test_the_last_page_says_so(store: Store) -> None:
    store.add([record(number) for number in range(4)], Mark(4))
    first = store.search(city(limit=2))
    assert first.next
    assert store.search(city(limit=2, after=first.next)).next == ""
    assert store.search(city(limit=4)).next == ""
    assert store.search(city("number9")).next == ""


def test_every_page_tells_the_whole_total(store: Store) -> None:
    store.add([record(number) for number in range(6)], Mark(6))
    first = store.search(city(limit=2, histogram_buckets=5))
    second = store.search(city(limit=2, after=first.next, histogram_buckets=5))
    assert (first.total, second.total) == (6, 6)
    assert first.buckets == second.buckets


@pytest.mark.parametrize("newest_first", [True, False])
@pytest.mark.parametrize("second", [0, 5, 99])
def test_events_that_arrive_meanwhile_neither_repeat_nor_hide_others(
    store: Store, newest_first: bool, second: int
) -> None:
    store.add([record(number) for number in range(0, 20, 2)], Mark(1))
    order = {"newest_first": newest_first, "limit": 3}
    first = store.search(city(**order))
    seen = [int(each.id, 16) for each in first.records]
    store.add([record(101, second=second)], Mark(2))
    after = first.next
    while after:
        found = store.search(city(after=after, **order))
        seen += [int(each.id, 16) for each in found.records]
        after = found.next
    assert len(seen) == len(set(seen))
    assert set(range(0, 20, 2)) <= set(seen) <= {*range(0, 20, 2), 101}


def test_pages_go_on_after_maintenance(store: Store) -> None:
    for number in range(40):
        store.add([record(number)], Mark(number))
    first = store.search(city(limit=15))
    store.maintain()
    second = store.search(city(limit=100, after=first.next))
    assert [int(each.id, 16) for each in (*first.records, *second.records)] == list(range(39, -1, -1))


@pytest.mark.parametrize(
    ("sort", "ascending"),
    [
        ("process.pid", [2, 5, 1, 3, 4]),
        ("user.name", [3, 2, 1, 4, 5]),
        ("source.ip", [4, 3, 2, 1, 5]),
        ("event.start", [5, 4, 1, 2, 3]),
        ("related.ip", [1, 2, 3, 4, 5]),
    ],
)
def test_hits_are_sorted_by_a_field_with_those_without_it_last(store: Store, sort: str, ascending: list[int]) -> None:
    times = ["2026-11-23T08:00:00.000000Z", "2026-11-22T08:00:00.000000Z"]
    store.add(
        [
            record(1, process__pid=30, user__name="anna", source__ip="10.0.0.10"),
            record(2, process__pid=-4, user__name="Zoe", source__ip="10.0.0.9"),
            record(3, user__name="Anna", source__ip="9.0.0.1", related__ip=["10.0.0.1"]),
            record(4, user__name="đạt", source__ip="2.0.0.1", event__start=times[0]),
            record(5, process__pid=7, event__start=times[1]),
        ],
        Mark(5),
    )
    if sort == "related.ip":
        assert walk(store, 2, sort=sort, newest_first=False)[0] == 3
        return
    assert walk(store, 2, sort=sort, newest_first=False) == ascending
    present = [number for number in ascending if number not in _without(sort)]
    missing = sorted(_without(sort), reverse=True)
    assert walk(store, 2, sort=sort, newest_first=True) == [*reversed(present), *missing]


def _without(sort: str) -> list[int]:
    return {"process.pid": [3, 4], "user.name": [5], "source.ip": [5], "event.start": [1, 2, 3]}[sort]


def test_a_page_of_another_search_is_refused(store: Store) -> None:
    store.add([record(number) for number in range(4)], Mark(4))
    place = store.search(city(limit=2)).next
    for wrong in ({"after": "x"}, {"after": place, "newest_first": False}, {"after": place, "sort": "user.name"}):
        with pytest.raises(InputError, match="page"):
            store.search(city(limit=2, **wrong))


def test_the_most_frequent_values_are_counted_exactly(store: Store) -> None:
    users = ["root", "Root", "root", "anna", "anna", "bob"]
    store.add(
        [
            record(number, user__name=user, related__ip=["10.0.0.1", "10.0.0.1", f"10.0.0.{number}"], process__pid=7)
            for number, user in enumerate(users, 1)
        ],
        Mark(1),
    )
    store.add([record(7, agency="dept-a", user__name="bob"), record(8, process__pid="7")], Mark(2))
    found = store.search(city(top=("user.name", "related.ip", "process.pid", "no.such"), top_values=2, limit=0))
    assert found.top["user.name"] == (("anna", 2), ("bob", 2))
    assert found.top["related.ip"] == (("10.0.0.1", 6), ("10.0.0.2", 1))
    assert found.top["process.pid"] == (("7", 7),)
    assert found.top["no.such"] == ()
    narrow = store.search(Search(scope=frozenset({"dept-a"}), top=("user.name",)))
    assert narrow.top == {"user.name": (("bob", 1),)}
    by_words = store.search(city("number1 OR number2", top=("user.name",), sort="user.name", newest_first=False))
    assert by_words.top["user.name"] == (("Root", 1), ("root", 1))
    assert [each.fields["user.name"] for each in by_words.records] == ["Root", "root"]


@pytest.mark.parametrize("field", ["message", "event.original", "@timestamp"])
def test_prose_and_times_have_no_frequent_values(store: Store, field: str) -> None:
    with pytest.raises(InputError, match=field):
        store.search(city(top=(field,)))


def test_a_search_that_nobody_waits_for_is_stopped(store: Store) -> None:
    store.add([record(number) for number in range(5)], Mark(5))
    stop = threading.Event()
    assert store.search(city(), stop).total == 5
    stop.set()
    with pytest.raises(StoppedError):
        store.search(city("number1"), stop)


def test_a_reading_that_nobody_waits_for_is_stopped(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (reading, find):
        monkeypatch.setattr(module, "SCAN_PAGE", 2)
    store.add([record(number) for number in range(9)], Mark(9))
    stop = threading.Event()
    assert len(list(store.scan(city(), stop))) == 9
    records = store.scan(city(), stop)
    read = [next(records) for _ in range(3)]
    stop.set()
    with pytest.raises(StoppedError):
        read.extend(records)
    assert len(read) <= 4, "no more than the page that was read already"
    with pytest.raises(StoppedError):
        next(store.scan(city(), stop))
