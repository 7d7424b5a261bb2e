"""What is stored is found about a second later in every stream, without anybody asking for a refresh."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel.database.connect import connect as open_database
from sentinel.database.storage_tables import intents, mark_changes, marks
from sentinel.database.tables import metadata
from sentinel.store import Mark, Store
from sentinel.store.elastic.client import Connection, connect, hosts
from sentinel.store.elastic.store import ElasticStore
from sentinel.store.elastic.streams import FAMILIES, PREFIX
from tests.live.servers.elastic import ElasticServer
from tests.store.examples import city, record
from tests.waiting import until

pytestmark = pytest.mark.live

DATASETS = [f"{sources[0]}.kind" for sources in FAMILIES.values()] + ["acme.thing"]


@pytest.fixture
def store(elastic: ElasticServer, tmp_path: Path) -> Iterator[Store]:
    database = open_database(f"sqlite:///{tmp_path}/state.db")
    metadata.create_all(database, tables=[marks, mark_changes, intents])
    made = ElasticStore(connect(Connection(hosts=hosts(f"elastic+{elastic.url}"))), database, namespace="refreshed")
    yield made
    made.close()
    database.dispose()


def test_every_stream_is_refreshed_within_a_second(elastic: ElasticServer, store: Store) -> None:
    store.add([record(number, event__dataset=each) for number, each in enumerate(DATASETS)], Mark(len(DATASETS)))
    until(lambda: store.search(city()).total == len(DATASETS), what="all found", seconds=60)
    with connect(Connection(hosts=hosts(f"elastic+{elastic.url}"))) as client:
        settings = client.indices.get_settings(index=f"{PREFIX}*-refreshed").body.values()
    assert len(settings) == len(DATASETS)
    assert {each["settings"]["index"]["refresh_interval"] for each in settings} == {"1s"}
