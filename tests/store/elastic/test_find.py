"""What is found in a real Elasticsearch is all there is, in order; where it cannot be, that is said."""

import contextlib
from collections.abc import Iterator

import pytest

from sentinel.errors import InputError, UnavailableError
from sentinel.model.record import Record
from sentinel.model.search import Search
from sentinel.store import bounds, cursor
from sentinel.store.cursor import Key
from sentinel.store.elastic import find, ranking
from tests.live.servers.elastic import ElasticServer
from tests.store.elastic.reading import Reading
from tests.store.examples import CITY, city, record
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.slow]


@pytest.fixture
def place(elastic: ElasticServer) -> Iterator[Reading]:
    made = Reading(elastic)
    yield made
    made.close()


def numbers(records: tuple[Record, ...] | list[Record]) -> list[int]:
    return [int(each.id, 16) for each in records]


def pages(place: Reading, search: Search, between: list[Record]) -> list[int]:
    """Return all pages of a search; before each further one, one of `between` arrives."""
    found = place.finder.search(search)
    shown = numbers(found.records)
    while found.next:
        if between:
            place.add(between.pop())
        found = place.finder.search(city(search.query, limit=search.limit, sort=search.sort, after=found.next))
        shown += numbers(found.records)
    return shown


def test_pages_have_no_gap_and_no_repeat_while_events_arrive(place: Reading) -> None:
    place.add(*(record(number, user__name=f"u{number % 3}") for number in range(1, 21)))
    later = [record(number, second=number, user__name="u9") for number in range(100, 110)]
    assert [each for each in pages(place, city(limit=3), later) if each < 100] == list(range(20, 0, -1))


@pytest.mark.parametrize(
    "sort", ["user.name", "process.pid", "source.ip", "sentinel.dns.entropy", "log.truncated", "x.y", "event.created"]
)
def test_pages_are_sorted_by_any_field_and_what_lacks_it_comes_last(place: Reading, sort: str) -> None:
    having = [
        record(
            number, user__name=f"u{number}", process__pid=number, source__ip=f"10.0.0.{number}", x__y=f"v{number}",
            sentinel__dns__entropy=number / 2, log__truncated=number > 2, event__created=record(number).at,
        )
        for number in range(1, 5)
    ]  # fmt: skip
    place.add(*having, *(record(number) for number in range(5, 9)))
    assert pages(place, city(limit=3, sort=sort), []) == [4, 3, 2, 1, 8, 7, 6, 5]
    first = place.finder.search(city(limit=8, sort=sort, newest_first=False))
    assert numbers(first.records) == list(range(1, 9))
    assert first.next == ""


def test_no_forged_place_breaks_a_search(place: Reading) -> None:
    place.add(*(record(number, process__pid=number) for number in range(1, 4)))
    keys: list[Key] = ["a word", "", "\0", 5.5, None, -(2**63), "Infinity", "10.0.0.1", 2**63]
    for sort in ("process.pid", "source.ip", "@timestamp", "x.y", "user.name", "sentinel.dns.entropy"):
        for key in keys:
            forged = cursor.write(sort, newest_first=True, place=cursor.Place(key, "x"))
            with contextlib.suppress(InputError):
                assert len(place.finder.search(city(sort=sort, after=forged)).records) <= 3


def test_a_page_too_far_is_refused_and_the_last_one_is_not(place: Reading) -> None:
    place.add(record(1))
    assert place.finder.search(city(offset=bounds.MAX_OFFSET, limit=bounds.MAX_RECORDS)).records == ()
    with pytest.raises(InputError, match="narrow"):
        place.finder.search(city(offset=bounds.MAX_OFFSET + 1))


def test_the_most_frequent_values_are_exact_texts(place: Reading) -> None:
    place.add(
        *(record(number, user__name="Hải", process__pid=7, x__y=["a", "B"]) for number in range(1, 4)),
        record(4, user__name="root", process__pid="7", x__y="B", sentinel__dns__entropy=1.0, log__truncated=True),
        record(5, user__name="admin", process__pid=8, source__ip="10.0.0.1"),
    )
    wanted = ("user.name", "process.pid", "x.y", "sentinel.dns.entropy", "log.truncated", "source.ip", "no.such")
    found = place.finder.search(city(limit=0, top=wanted, top_values=2))
    assert found.top == {
        "user.name": (("Hải", 3), ("admin", 1)),
        "process.pid": (("7", 4), ("8", 1)),
        "x.y": (("B", 4), ("a", 3)),
        "sentinel.dns.entropy": (("1.0", 1),),
        "log.truncated": (("true", 1),),
        "source.ip": (("10.0.0.1", 1),),
        "no.such": (),
    }


def test_what_cannot_be_counted_exactly_is_not_guessed(place: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    place.add(*(record(number, user__name=f"u{number}") for number in range(1, 30)))
    place.add(*(record(number, event__dataset="nginx.access", user__name=f"u{number}") for number in range(30, 60)))
    monkeypatch.setattr(ranking, "FEW", 3)
    assert place.finder.search(city(top=("user.name",), top_values=2)).top["user.name"] == (("u1", 1), ("u10", 1))
    monkeypatch.setattr(ranking, "MANY", 3)
    with pytest.raises(UnavailableError, match="too many different values"):
        place.finder.search(city(top=("user.name",), top_values=2))


def test_a_record_is_got_from_any_backing_index(place: Reading) -> None:
    place.add(record(1))
    place.roll_over()
    place.add(record(2), record(1))
    assert place.finder.get(record(1).id, CITY) == record(1)
    assert place.finder.get(record(2).id, CITY) == record(2)
    assert place.finder.get(record(2).id, frozenset({"dept-a"})) is None
    assert place.finder.get(record(3).id, CITY) is None


def test_a_scan_sees_what_was_there_and_lets_go_of_its_view(place: Reading, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(find, "SCAN_PAGE", 4)
    place.add(*(record(number) for number in range(1, 11)))
    scan = place.finder.scan(city(limit=1, offset=5))
    seen = [next(scan)]
    place.add(record(20, second=0))
    assert numbers([*seen, *scan]) == list(range(1, 11))
    half = place.finder.scan(city())
    next(half)
    half.close()  # type: ignore[attr-defined]
    stats = place.ask("GET", f"/logs-sentinel.*-{place.namespace}/_stats/search")
    assert stats["_all"]["total"]["search"]["open_contexts"] == 0


def test_nothing_stored_yet_is_nothing_found(place: Reading) -> None:
    found = place.finder.search(city(histogram_buckets=10, top=("user.name",)))
    assert (found.total, found.records, found.buckets, found.unreadable) == (0, (), (), 0)
    assert list(place.finder.scan(city())) == []
    assert place.finder.get("a", CITY) is None


def test_a_missing_shard_is_told_and_never_a_smaller_answer(place: Reading) -> None:
    place.add(record(1))
    old = place.roll_over()
    place.add(record(2))
    place.make_red(old)
    until(lambda: place.finder.search(city()).unreadable == 1)
    found = place.finder.search(city(histogram_buckets=5, top=("event.kind",)))
    assert (numbers(found.records), found.unreadable) == ([2], 1)
    with pytest.raises(UnavailableError):
        list(place.finder.scan(city()))
    with pytest.raises(UnavailableError):
        place.finder.get(record(1).id, CITY)
    assert place.finder.get(record(2).id, CITY) == record(2)


def test_when_nothing_can_be_read_the_search_fails(place: Reading) -> None:
    place.add(record(1))
    place.ask("PUT", f"/{place.indices()[0]}/_settings", {"index.blocks.read": True})
    with pytest.raises(UnavailableError, match="block"):
        place.finder.search(city())
    with pytest.raises(UnavailableError):
        place.finder.get(record(1).id, CITY)


def test_an_expression_that_costs_too_much_is_refused(place: Reading) -> None:
    place.add(record(1, user__name="a"))
    with pytest.raises(InputError, match="too complex"):
        place.finder.search(city("user.name:/(a|b)*a(a|b){40}/"))


def test_a_server_that_forbids_costly_queries_is_told_about(place: Reading) -> None:
    place.add(record(1, user__name="root", x__y="Root"))
    forbid = {"transient": {"search.allow_expensive_queries": False}}
    place.ask("PUT", "/_cluster/settings", forbid)
    try:
        assert place.finder.search(city("user.name:ROOT AND number1")).total == 1
        with pytest.raises(UnavailableError, match="allow_expensive_queries"):
            place.finder.search(city("user.name:r*t"))
    finally:
        place.ask("PUT", "/_cluster/settings", {"transient": {"search.allow_expensive_queries": None}})


@pytest.mark.parametrize("field", ["user.name", "x.y"])
def test_a_long_value_is_found_whole_and_by_its_beginning(place: Reading, field: str) -> None:
    long, longer = "aB" * 199, "aB" * 3_000
    place.add(record(1, **{field: long}), record(2, **{field: longer}), record(3, **{field: "x" + "y" * 9_000}))
    assert place.finder.search(city(f"{field}:{long.lower()}")).total == 1
    assert place.finder.search(city(f"{field}:{longer.upper()}")).total == 1
    assert place.finder.search(city(f"{field}:{long}*")).total == 2
    assert place.finder.search(city(f"{field}:?{longer[1:20]}*")).total == 2
    assert place.finder.search(city(f"{field}:xyyy*")).total == 1
    assert place.finder.search(city(f"{field}:{'a' * 9_000}")).total == 0
