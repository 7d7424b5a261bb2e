"""Real servers as fixtures: started once and shared; without what one needs, a skip here and a failure in CI."""

import os
from collections.abc import Callable, Iterator
from typing import TypeVar

import pytest

from tests.live.servers.elastic import VERSIONS, ElasticServer
from tests.live.servers.kafka import KafkaServer
from tests.live.servers.postgres import PostgresServer
from tests.live.servers.process import MissingServerError, ServerProcess

S = TypeVar("S", bound=ServerProcess)


def made(make: Callable[[], S]) -> S:
    """Return the server, not yet started; where it cannot be had skip with one line, or fail where CI promises it."""
    try:
        return make()
    except MissingServerError as missing:
        if os.environ.get("CI"):
            pytest.fail(str(missing))
        pytest.skip(str(missing))


@pytest.fixture(scope="session")
def elastic_8() -> Iterator[ElasticServer]:
    """Start a real Elasticsearch 8.19."""
    with made(lambda: ElasticServer("8.19")) as server:
        yield server


@pytest.fixture(scope="session")
def elastic_9() -> Iterator[ElasticServer]:
    """Start a real Elasticsearch 9.1."""
    with made(lambda: ElasticServer("9.1")) as server:
        yield server


@pytest.fixture(scope="session", params=VERSIONS)
def elastic(request: pytest.FixtureRequest) -> ElasticServer:
    """Run the test on a real Elasticsearch of every version that we promise."""
    server: ElasticServer = request.getfixturevalue(f"elastic_{request.param.split('.')[0]}")
    return server


@pytest.fixture(scope="session")
def kafka() -> Iterator[KafkaServer]:
    """Start a real Kafka."""
    with made(KafkaServer) as server:
        yield server


@pytest.fixture(scope="session")
def postgres() -> Iterator[PostgresServer]:
    """Start a real, empty PostgreSQL."""
    with made(PostgresServer) as server:
        yield server
