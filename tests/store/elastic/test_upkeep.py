"""What keeps the streams healthy, on real servers."""

import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from sentinel.store import Mark, Store
from sentinel.store.elastic import upkeep
from sentinel.store.elastic.capabilities import detect
from sentinel.store.elastic.client import Connection, connect, hosts
from sentinel.store.elastic.upkeep import Upkeep
from tests.live.servers.elastic import ElasticServer
from tests.store.backends import OwnElasticStore
from tests.store.examples import record

pytestmark = pytest.mark.live


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / uuid.uuid4().hex


@pytest.fixture
def store(elastic: ElasticServer, folder: Path) -> Iterator[OwnElasticStore]:
    made = OwnElasticStore(elastic.url, folder)
    yield made
    made.close()


def test_where_nothing_is_stored_all_is_well(store: Store) -> None:
    assert list(store.troubles()) == []
    store.maintain()


def test_a_full_index_is_followed_by_a_new_one(
    elastic: ElasticServer, store: OwnElasticStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = connect(Connection(hosts=hosts(f"elastic+{elastic.url}")))
    keeper, has = Upkeep(client, store.namespace), detect(client)

    def backing() -> int:
        found = client.indices.resolve_index(name=f"logs-sentinel.*-{store.namespace}").body["data_streams"]
        return len(found[0]["backing_indices"])

    monkeypatch.setattr(upkeep, "MAX_DOCUMENTS", 3)
    store.add([record(number) for number in range(2)], Mark(2))
    keeper.roll_over(has)
    assert backing() == 1
    store.add([record(number) for number in range(2, 5)], Mark(5))
    keeper.roll_over(replace(has, lifecycle=True))
    keeper.roll_over(replace(has, ilm=True))
    assert backing() == 1, "the server does it itself"
    keeper.roll_over(has)
    assert backing() == 2
    assert keeper.streams() == [f"logs-sentinel.linux-{store.namespace}"]
    assert store.known([record(number).id for number in range(6)]).keys() == {record(number).id for number in range(5)}
    client.close()


def test_a_field_that_is_not_indexed_is_counted(elastic: ElasticServer, store: OwnElasticStore) -> None:
    client = connect(Connection(hosts=hosts(f"elastic+{elastic.url}")))
    stream = f"logs-sentinel.linux-{store.namespace}"
    store.add([record(1)], Mark(1))
    store.maintain()
    assert store.statistics["ignored"] == 0
    # What somebody may do in a `@custom` template.
    client.indices.put_mapping(index=stream, properties={"probe": {"type": "keyword", "ignore_above": 2}})
    document = {"@timestamp": record(2).at, "probe": "longer than two"}
    client.index(index=stream, op_type="create", document=document, refresh=True)
    store.maintain()
    assert store.statistics["ignored"] == 1
    client.close()
