"""What is past its time leaves the streams, by whole indices where it can, and nothing else does."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from sentinel.errors import UnavailableError
from sentinel.model.moment import now, to_text
from sentinel.store.elastic import upkeep
from sentinel.store.elastic.expire import Expirer
from sentinel.store.expiry import Expired, Expiry, Held
from tests.live.servers.elastic import ElasticServer
from tests.store.elastic.reading import Reading
from tests.store.examples import city, record

pytestmark = [pytest.mark.live, pytest.mark.slow]
FUTURE = to_text(datetime(2200, 1, 1, tzinfo=UTC))


@pytest.fixture
def place(elastic: ElasticServer) -> Iterator[Reading]:
    made = Reading(elastic)
    yield made
    made.close()


def left(place: Reading) -> list[int]:
    return [int(each.id, 16) for each in place.finder.scan(city())]


def test_an_index_whose_time_is_over_goes_as_a_whole(place: Reading) -> None:
    place.add(record(1), record(2))
    old = place.roll_over()
    before = to_text(now() + timedelta(seconds=1))
    place.add(record(3))
    order = Expiry(before={"linux.*": before})
    later = Expirer(place.client, place.namespace, clock=lambda: now() + timedelta(minutes=1))
    expected = [Expired(dataset="linux.auth", records=2, first_at=record(1).at, last_at=record(2).at)]
    assert [(part.index, part.is_whole) for part in later.plan(order)] == [(old, True)]
    assert later.carry_out(order) == expected
    assert old not in place.indices()
    assert left(place) == [3]
    assert later.carry_out(order) == []


def test_what_is_held_stays_where_its_neighbours_go(place: Reading) -> None:
    place.add(*(record(number, agency="dept-a" if number % 2 else "city") for number in range(1, 9)))
    place.add(record(9, event__dataset="linux.syslog"), record(10, event__dataset="linux.syslog", agency=None))
    old = place.roll_over()
    hold = Held(agencies=frozenset({"dept-a"}), dataset="linux.*", start=record(3).at, end=record(7).at)
    order = Expiry(before={"linux.auth": FUTURE}, holds=(hold,))
    assert [each.records for each in place.expirer.carry_out(order)] == [6]
    assert left(place) == [3, 5, 9]
    assert old in place.indices()
    everything = Expiry(before={"*": FUTURE})
    assert [(each.dataset, each.records) for each in place.expirer.carry_out(everything)] == [
        ("linux.auth", 2), ("linux.syslog", 2),
    ]  # fmt: skip
    assert old not in place.indices()


def test_an_index_that_cannot_be_read_is_left_as_it_is(place: Reading) -> None:
    place.add(record(1))
    old = place.roll_over()
    place.make_red(old)
    with pytest.raises(UnavailableError):
        place.expirer.carry_out(Expiry(before={"*": FUTURE}))
    assert old in place.indices()


def test_nothing_goes_before_its_index_is_followed_by_another(place: Reading) -> None:
    place.add(record(1))
    assert place.expirer.plan(Expiry(before={"*": to_text(now())})) == []
    assert place.expirer.plan(Expiry(before={})) == []
    assert left(place) == [1]


def test_an_old_index_is_followed_by_another_and_an_empty_one_is_not(
    place: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(upkeep, "MAX_AGE", "1ms")
    place.add(record(1))
    for _ in range(2):
        upkeep.Upkeep(place.client, place.namespace).roll_over(place.capabilities)
    assert len(place.indices()) == 2
    assert left(place) == [1]
