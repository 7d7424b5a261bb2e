"""What a server has is asked of it, not guessed."""

from collections.abc import Iterator
from dataclasses import asdict

import pytest
from elasticsearch import Elasticsearch

from sentinel.errors import UnavailableError
from sentinel.store.elastic.capabilities import Capabilities, detect
from sentinel.store.elastic.client import Connection, connect, hosts
from tests.live.servers.elastic import ElasticServer
from tests.store.elastic.fake import FakeElastic, Fault, cut_before, refuse, wrong_product


@pytest.mark.live
def test_a_server_of_the_core_alone_is_known_as_such(elastic: ElasticServer) -> None:
    major, minor = elastic.version.split(".")
    client = connect(Connection(hosts=hosts(f"elastic+{elastic.url}")))
    assert detect(client) == Capabilities(
        version=(int(major), int(minor)),
        lifecycle=False,
        ilm=False,
        failure_store=True,
    )
    left = client.options(ignore_status=404).indices.get_index_template(name="*probe*").body
    assert not left["index_templates"], "detection leaves nothing behind"
    client.close()


@pytest.fixture
def client(fake: FakeElastic) -> Iterator[Elasticsearch]:
    made = connect(Connection(hosts=hosts(f"elastic+{fake.url}")))
    yield made
    made.close()


def test_a_server_with_everything_is_known_as_such(fake: FakeElastic, client: Elasticsearch) -> None:
    fake.versions = ["9.2.1", "9.1.4"]
    fake.modules = ["/_data_stream/", "/_ilm/policy"]
    assert detect(client) == Capabilities(
        version=(9, 1),
        lifecycle=True,
        ilm=True,
        failure_store=True,
    )


@pytest.mark.parametrize(
    ("modules", "words", "name"),
    [
        (["/_data_stream/"], ["none"], "lifecycle"),
        (["/_ilm/policy"], ["none"], "ilm"),
        ([], ["failure_store"], "failure_store"),
    ],
)
def test_each_is_asked_for_by_itself(
    fake: FakeElastic, client: Elasticsearch, modules: list[str], words: list[str], name: str
) -> None:
    fake.modules, fake.known_words = modules, words
    assert [each for each, has in asdict(detect(client)).items() if has is True] == [name]


@pytest.mark.parametrize(
    ("version", "sentence"), [("7.17.0", "not supported"), ("10.0.0", "not supported"), ("", "monitor")]
)
def test_a_version_we_do_not_know_is_refused(
    fake: FakeElastic, client: Elasticsearch, version: str, sentence: str
) -> None:
    fake.versions = [version]
    with pytest.raises(UnavailableError, match=sentence):
        detect(client)


@pytest.mark.parametrize(
    ("fault", "sentence"),
    [
        (wrong_product, "not Elasticsearch"),
        (refuse(401, "security_exception", "missing credentials"), r"store\.user"),
        (refuse(503, "", "no master"), "503"),
        (cut_before, "no answer"),
    ],
)
def test_cannot_ask_is_not_the_same_as_has_not(
    fake: FakeElastic, client: Elasticsearch, fault: Fault, sentence: str
) -> None:
    fake.broken = fault
    with pytest.raises(UnavailableError, match=sentence):
        detect(client)
