"""What a server has is asked of it, not guessed."""

import pytest

from sentinel.store.elastic.capabilities import Capabilities, detect
from sentinel.store.elastic.client import Connection, connect, hosts
from tests.live.servers.elastic import ElasticServer


@pytest.mark.live
def test_a_server_of_the_core_alone_is_known_as_such(elastic: ElasticServer) -> None:
    major, minor = elastic.version.split(".")
    client = connect(Connection(hosts=hosts(f"elastic+{elastic.url}")))
    assert detect(client) == Capabilities(
        version=(int(major), int(minor)),
        data_stream_api=False,
        lifecycle=False,
        ilm=False,
        wildcard=False,
        constant_keyword=False,
        match_only_text=False,
        failure_store=True,
        logsdb=True,
        painless=False,
    )
    left = client.options(ignore_status=404).indices.get_index_template(name="*probe*").body
    assert not left["index_templates"], "detection leaves nothing behind"
    client.close()
