"""Promises of deleting: what is past its time goes, what is held or younger stays, and both are counted right."""

import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.model.moment import to_text
from sentinel.model.record import Record
from sentinel.store import Mark, StoppedError, Store
from sentinel.store.expiry import Expired, Expiry, Held, covers
from sentinel.store.local import LocalStore
from tests.store.backends import BACKENDS, PARAMETERS, Open
from tests.store.examples import START, city, record

STORES: dict[str, Open] = {
    **BACKENDS,
    "local": lambda _request, folder: LocalStore(folder / "store", grace=timedelta(0)),
}
NEVER, LATER = "2000-01-01T00:00:00.000000Z", "2200-01-01T00:00:00.000000Z"
"""Times of storing before which nothing, and everything, was stored."""
DATASETS = ["linux.auth", "network.flow", "network.dns", "egov.portal", "sentinel.audit", ""]


@pytest.fixture(params=PARAMETERS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made = STORES[request.param](request, tmp_path)
    yield made
    made.close()


def of(number: int, dataset: str, agency: str | None = "city") -> Record:
    made = record(number, agency=agency, event__dataset=dataset)
    if not dataset:
        del made.fields["event.dataset"]
    return made


def at(seconds: float) -> str:
    return to_text(START + timedelta(seconds=seconds))


def left(store: Store) -> list[int]:
    return sorted(int(each.id, 16) for each in store.scan(city()))


@pytest.mark.parametrize(
    ("pattern", "dataset", "expected"),
    [
        ("*", "linux.auth", True), ("*", "", True), ("linux.*", "linux.auth", True), ("linux.*", "linuxx.auth", False),
        ("linux.auth", "linux.auth", True), ("linux.auth", "linux.authx", False), ("linux", "linux.auth", False),
    ],
)  # fmt: skip
def test_a_pattern_covers_all_a_family_or_one(pattern: str, dataset: str, *, expected: bool) -> None:
    assert covers(pattern, dataset) is expected


def test_the_longest_pattern_counts_and_an_uncovered_dataset_stays() -> None:
    order = Expiry(before={"network.*": "b", "network.dns": "c", "linux.*": "a"})
    assert [order.cutoff(name) for name in ("network.flow", "network.dns", "linux.auth", "egov.ioc")] == [
        "b", "c", "a", "",
    ]  # fmt: skip
    assert order.latest() == "c"


def test_what_is_past_its_time_goes_and_the_rest_stays(store: Store) -> None:
    store.add([of(1, "network.flow"), of(2, "linux.auth"), of(3, "network.flow")], Mark(3, b"state"))
    order = Expiry(before={"*": NEVER, "network.*": LATER})
    expected = [Expired(dataset="network.flow", records=2, first_at=at(1), last_at=at(3))]
    assert list(store.expirable(order)) == expected
    assert left(store) == [1, 2, 3], "to look changes nothing"
    assert list(store.expire(order)) == expected
    assert left(store) == [2]
    assert list(store.expire(order)) == []
    assert store.mark() == Mark(3, b"state")
    store.maintain()
    assert left(store) == [2]
    assert not store.troubles()


def test_everything_may_go_and_new_events_come(store: Store) -> None:
    store.add([of(1, "linux.auth")], Mark(1))
    store.expire(Expiry(before={"*": LATER}))
    assert left(store) == []
    assert store.add([of(2, "linux.auth")], Mark(2)) == 1
    assert left(store) == [2]


def test_what_is_held_stays_until_the_hold_is_lifted(store: Store) -> None:
    store.add([of(1, "egov.portal", "dept-a"), of(2, "egov.portal", "dept-b"), of(3, "egov.portal", None)], Mark(3))
    store.add([of(4, "egov.portal", "dept-a"), of(5, "linux.auth", "dept-a")], Mark(5))
    hold = Held(agencies=frozenset({"dept-a"}), dataset="egov.*", start=at(0), end=at(4))
    order = Expiry(before={"*": LATER}, holds=(hold,))
    assert sum(each.records for each in store.expire(order)) == 4
    assert left(store) == [1]
    assert list(store.expirable(order)) == []
    everyone = Held(agencies=None, dataset="*", start=at(1), end=at(2))
    assert list(store.expire(Expiry(before={"*": LATER}, holds=(everyone,)))) == []
    assert [each.records for each in store.expire(Expiry(before={"*": LATER}))] == [1]


def test_an_order_without_datasets_deletes_nothing(store: Store) -> None:
    store.add([of(1, "linux.auth")], Mark(1))
    assert list(store.expire(Expiry(before={}))) == []
    assert left(store) == [1]


def test_who_may_delete_no_more_deletes_nothing(store: Store) -> None:
    store.add([of(1, "network.flow"), of(2, "linux.auth")], Mark(2))
    stop = threading.Event()
    stop.set()
    # A part of what is stored together, and all of it.
    for order in (Expiry(before={"network.*": LATER}), Expiry(before={"*": LATER})):
        with pytest.raises(StoppedError):
            store.expire(order, stop)
    assert left(store) == [1, 2]
    assert sum(each.records for each in store.expire(Expiry(before={"*": LATER}), threading.Event())) == 2


def test_what_stays_is_byte_equal(store: Store) -> None:
    rich = record(
        1, message="Đăng nhập từ Hải Phòng", source__ip="10.1.2.3", related__ip=["10.1.2.3"], process__pid=4711
    )
    store.add([rich, of(2, "network.flow")], Mark(2))
    store.expire(Expiry(before={"network.*": LATER}))
    assert list(store.scan(city())) == [rich]


TIMES = st.integers(0, 12)
HOLDS = st.builds(
    lambda agencies, dataset, start, length: Held(
        agencies=agencies, dataset=dataset, start=at(start), end=at(start + length)
    ),
    st.none() | st.frozensets(st.sampled_from(["city", "dept-a", "dept-b"]), min_size=1),
    st.sampled_from(["*", "network.*", "linux.auth", "egov.*"]),
    TIMES,
    TIMES,
)
CUTOFFS = st.dictionaries(
    st.sampled_from(["*", "network.*", "network.dns", "linux.auth", "egov.*", "sentinel.*"]),
    st.sampled_from([NEVER, LATER]),
)


@settings(max_examples=25, deadline=None)
@given(
    batches=st.lists(
        st.lists(st.tuples(st.sampled_from(DATASETS), st.sampled_from(["city", "dept-a", "dept-b"])), max_size=6),
        max_size=10,
    ),
    cutoffs=CUTOFFS,
    holds=st.lists(HOLDS, max_size=3),
    is_merged=st.booleans(),
)
def test_exactly_the_right_records_go(
    tmp_path_factory: pytest.TempPathFactory,
    batches: list[list[tuple[str, str]]],
    cutoffs: dict[str, str],
    holds: list[Held],
    is_merged: bool,
) -> None:
    store = LocalStore(tmp_path_factory.mktemp("store"), grace=timedelta(0))
    number, goes, stays = 0, Counter[str](), []
    order = Expiry(before=cutoffs, holds=tuple(holds))
    for batch in batches:
        records = []
        for dataset, agency in batch:
            number += 1
            records.append(of(number, dataset, agency))
            is_held = any(
                covers(each.dataset, dataset)
                and (each.agencies is None or agency in each.agencies)
                and each.start <= at(number) < each.end
                for each in holds
            )
            if order.cutoff(dataset) == LATER and not is_held:
                goes[dataset] += 1
            else:
                stays.append(number)
        store.add(records, Mark(number))
    if is_merged:
        store.maintain()
    assert {each.dataset: each.records for each in store.expire(order)} == dict(goes)
    assert left(store) == stays
    store.maintain()
    assert left(store) == stays
    assert store.verify() >= 0
    assert store.troubles() == ()
    store.close()


def test_what_was_stored_later_waits_for_its_own_time(tmp_path: Path) -> None:
    clock = [datetime(2026, 11, 23, 9, 0, tzinfo=UTC)]
    store = LocalStore(tmp_path / "store", grace=timedelta(0), clock=lambda: clock[0])
    store.add([of(1, "linux.auth")], Mark(1))
    clock[0] += timedelta(days=20)
    store.add([of(2, "linux.auth")], Mark(2))
    clock[0] += timedelta(days=11)
    assert [each.records for each in store.expire(Expiry(before={"*": to_text(clock[0] - timedelta(days=30))}))] == [1]
    assert left(store) == [2]
    store.maintain()
    assert len(list((tmp_path / "store").glob("*.parquet"))) == 1
    store.close()
