"""The contract of searches for addresses and networks, of every event store."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel.store import Mark, Store
from tests.store.backends import BACKENDS, PARAMETERS
from tests.store.examples import city, record


@pytest.fixture(params=PARAMETERS)
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    opened = BACKENDS[request.param](request, tmp_path)
    yield opened
    opened.close()


def hits(store: Store, query: str) -> set[int]:
    return {int(each.id, 16) for each in store.search(city(query)).records}


def test_an_address_is_the_same_however_it_is_written(store: Store) -> None:
    store.add([record(1, source__ip="::ffff:10.1.2.3"), record(2, source__ip="2001:DB8:0:0::7")], Mark(2))
    assert hits(store, "source.ip:10.1.2.3") == {1}
    assert hits(store, "source.ip:10.0.0.0/8") == {1}
    assert hits(store, 'source.ip:"2001:db8::7"') == {2}
    assert hits(store, 'source.ip:"::/0"') == {2}


@pytest.mark.parametrize("field", ["source.ip", "related.ip", "host.ip", "x.y"])
@pytest.mark.parametrize("mapped", ["::ffff:10.1.2.3", "::FFFF:0a01:203", "0:0:0:0:0:ffff:10.1.2.3"])
def test_an_address_of_version_4_is_found_as_one_of_version_6(store: Store, field: str, mapped: str) -> None:
    values = [mapped, "10.9.9.9", "11.0.0.1", "ffff::1", "::fffe:10.1.2.3"]
    records = [record(number, **{field.replace(".", "__"): value}) for number, value in enumerate(values, 1)]
    records.append(record(6, **{field.replace(".", "__"): ["11.0.0.1", mapped]}))
    store.add(records, Mark(6))
    assert hits(store, f"{field}:10.0.0.0/8") == {1, 2, 6}
    assert hits(store, f"NOT {field}:10.0.0.0/8") == {3, 4, 5}


def test_a_network_is_found_in_fields_without_a_known_type(store: Store) -> None:
    store.add([record(1, winlog__event_data__IpAddress="10.9.9.9"), record(2, x__y="10.0.0.0/8")], Mark(2))
    assert hits(store, "winlog.event_data.IpAddress:10.0.0.0/8") == {1}
    assert hits(store, "x.y:10.0.0.0/8") == {2}
