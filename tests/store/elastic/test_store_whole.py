"""The store as a home opens it: by its settings, with quarantine, while the server comes and goes."""

import base64
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel.errors import InputError, UnavailableError
from sentinel.home import make_keys
from sentinel.store import Mark
from sentinel.store.elastic.store import ElasticStore
from sentinel.wiring import Home, open_home
from tests.store.elastic.fake import FakeElastic, cut_before, error, refuse, some
from tests.store.elastic.scene import ids, records
from tests.store.examples import CITY


@pytest.fixture
def settings(tmp_path: Path) -> Path:
    make_keys(tmp_path / "keys", ["localhost", "127.0.0.1"])
    (tmp_path / "keys" / "elastic.secret").write_text("hunter2\n")
    return tmp_path / "sentinel.toml"


@pytest.fixture
def place(fake: FakeElastic, settings: Path) -> Iterator[Home]:
    settings.write_text(f'[store]\nurl = "elastic+{fake.url}"\nuser = "sentinel"\nsecret_file = "elastic.secret"\n')
    made = open_home(settings.parent)
    yield made
    made.close()


def elastic(place: Home) -> ElasticStore:
    assert isinstance(place.store, ElasticStore)
    return place.store


def test_settings_lead_to_streams_with_templates(fake: FakeElastic, place: Home) -> None:
    store = elastic(place)
    assert not fake.paths, "nothing is asked while Sentinel starts"
    assert store.add(records(0, 3), Mark(3)) == 3
    assert set(fake.indices) == {"logs-sentinel.linux-default"}
    assert "/_index_template/logs-sentinel.linux" in fake.templates
    assert store.known([*ids(1, 2), "nowhere"]).keys() == set(ids(1, 2))
    assert store.statistics["stored"] == 3


def test_templates_that_are_there_are_not_put_again(fake: FakeElastic, place: Home) -> None:
    elastic(place).prepare()
    before = len([path for path in fake.paths if path.startswith("PUT")])
    other = open_home(place.path)
    elastic(other).prepare()
    assert len([path for path in fake.paths if path.startswith("PUT")]) == before > 10
    other.close()


def test_what_elasticsearch_rejects_waits_in_quarantine(fake: FakeElastic, place: Home) -> None:
    poison = ids(0, 3)[1]
    fake.script.append(some({poison: error(400, "document_parsing_exception", "no such number")}))
    assert place.store.add(records(0, 3), Mark(3)) == 2
    (waiting,) = place.quarantine.rows.waiting(CITY, 10)
    assert (waiting.record.id, "no such number" in waiting.reason) == (poison, True)
    assert place.store.mark() == Mark(3)


def test_a_server_that_is_down_at_the_start_is_used_when_it_is_back(fake: FakeElastic, place: Home) -> None:
    fake.broken = cut_before
    with pytest.raises(UnavailableError, match="no answer"):
        place.store.add(records(0, 1), Mark(1))
    assert place.store.troubles()[0].startswith("cannot ask")
    fake.broken = None
    assert place.store.add(records(0, 1), Mark(1)) == 1


def test_a_server_that_lost_its_templates_gets_them_again(fake: FakeElastic, place: Home) -> None:
    place.store.add(records(0, 1), Mark(1))
    fake.templates.clear()
    fake.script.append(refuse(401, "security_exception", "a new cluster without our user"))
    with pytest.raises(UnavailableError):
        place.store.add(records(1, 2), Mark(2))
    place.store.add(records(1, 2), Mark(2))
    assert "/_index_template/logs-sentinel.linux" in fake.templates


@pytest.fixture
def guarded(settings: Path) -> Iterator[FakeElastic]:
    """Start a server with TLS, by the certificate of the home itself."""
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(settings.parent / "keys" / "server.pem", settings.parent / "keys" / "server.key")
    with FakeElastic(tls) as server:
        yield server


@pytest.mark.parametrize(
    ("user", "header"),
    [("", "ApiKey hunter2"), ("sentinel", "Basic " + base64.b64encode(b"sentinel:hunter2").decode())],
)
def test_tls_and_the_secret_are_used(guarded: FakeElastic, settings: Path, user: str, header: str) -> None:
    guarded.secret = header
    settings.write_text(
        f'[store]\nurl = "elastic+{guarded.url}"\nuser = "{user}"\nca_file = "ca.pem"\nsecret_file = "elastic.secret"\n'
    )
    place = open_home(settings.parent)
    assert place.store.add(records(0, 2), Mark(2)) == 2
    guarded.secret = "another"
    with pytest.raises(UnavailableError, match=r"store\.user") as caught:
        place.store.add(records(2, 3), Mark(3))
    assert "hunter2" not in str(caught.value)
    place.close()


def test_a_server_that_another_authority_signed_is_refused(guarded: FakeElastic, settings: Path) -> None:
    make_keys(settings.parent / "other", ["localhost"])
    ca = settings.parent / "other" / "ca.pem"
    settings.write_text(f'[store]\nurl = "elastic+{guarded.url}"\nca_file = "{ca}"\n')
    place = open_home(settings.parent)
    with pytest.raises(UnavailableError, match="certificate"):
        place.store.add(records(0, 1), Mark(1))
    assert not guarded.paths
    place.close()


@pytest.mark.parametrize(
    ("line", "sentence"),
    [
        ('url = "elastic+https://u:p@host"', r"store\.user"),
        ('url = "elastic+http://host"\nsecret_file = "gone"', r"store\.secret_file"),
        ('url = "elastic+http://host"\nnamespace = "With-Dash"', "namespace"),
        ('url = "opensearch://host"', "elastic\\+https"),
    ],
)
def test_wrong_settings_are_named(settings: Path, line: str, sentence: str) -> None:
    settings.write_text(f"[store]\n{line}\n")
    with pytest.raises(InputError, match=sentence):
        _ = open_home(settings.parent).store
