"""The journal speaks TLS to brokers of a private authority, and says who it is; what is wrong with that, it tells."""

import secrets
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from sentinel.database.connect import connect, migrate
from sentinel.errors import InputError, UnavailableError
from sentinel.home import make_keys
from sentinel.journal.kafka import topics
from sentinel.journal.kafka.cluster import EVENTS, cluster_of
from sentinel.journal.kafka.sender import Sender
from tests.journal.on_kafka import Journal
from tests.journal.test_journal import batch
from tests.live.servers.fixtures import made
from tests.live.servers.kafka_secure import USER, SecureKafkaServer
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.slow]
PLAIN, SCRAM = "PLAIN", "SCRAM-SHA-512"


@pytest.fixture(scope="module")
def server() -> Iterator[SecureKafkaServer]:
    with made(SecureKafkaServer) as started:
        yield started


@pytest.fixture
def keys(tmp_path: Path, server: SecureKafkaServer) -> Path:
    """Return a folder of keys with the authority's certificate."""
    (tmp_path / "keys").mkdir()
    (tmp_path / "keys" / "kafka-ca.pem").write_bytes(server.keys.ca.read_bytes())
    return tmp_path / "keys"


def client_file(keys: Path, password: str, mechanism: str = SCRAM, protocol: str = "SASL_SSL") -> Path:
    path = keys / "kafka.properties"
    path.write_text(
        f"security.protocol={protocol}\nssl.ca.location=kafka-ca.pem\n"
        f"sasl.mechanism={mechanism}\nsasl.username={USER}\nsasl.password={password}\n"
    )
    return path


def journal(server: SecureKafkaServer, keys: Path, path: Path) -> Journal:
    database = connect(f"sqlite:///{keys}/state.db")
    migrate(database)
    cluster = cluster_of(f"kafka://{server.secure_url}/secure-{secrets.token_hex(4)}", 1, path)
    return Journal(cluster, database, Sender(cluster, 5.0))


@pytest.mark.parametrize("mechanism", [PLAIN, SCRAM])
def test_events_go_over_tls_and_come_back(server: SecureKafkaServer, keys: Path, mechanism: str) -> None:
    with closing(journal(server, keys, client_file(keys, server.password, mechanism))) as opened:
        assert opened.append(batch(1, "a", "b")) == 2
        assert [entry.event.raw for entry in opened.part(1).read(0, 10)] == ["a", "b"]


@pytest.mark.parametrize("mechanism", [PLAIN, SCRAM])
def test_a_wrong_password_is_told_and_not_shown(
    server: SecureKafkaServer,
    keys: Path,
    mechanism: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    wrong = secrets.token_urlsafe(24)
    with closing(journal(server, keys, client_file(keys, wrong, mechanism))) as opened:
        with pytest.raises(UnavailableError, match=r"do not accept our name and password .* see journal\.client_file"):
            opened.append(batch(1, "a"))
        with pytest.raises(UnavailableError, match="do not accept our name and password") as caught:
            opened.part(1).read(0, 10)
        assert wrong not in str(caught.value)
        assert wrong not in repr(opened.__dict__)
    assert wrong not in caplog.text + "".join(capfd.readouterr())


def test_another_authority_is_told(server: SecureKafkaServer, keys: Path) -> None:
    other = make_keys(keys / "other", ["127.0.0.1"])
    (keys / "kafka-ca.pem").write_bytes(other.ca.read_bytes())
    with (
        closing(journal(server, keys, client_file(keys, server.password))) as opened,
        pytest.raises(UnavailableError, match=r"TLS with the brokers fails .*certificate.* see journal\.client_file"),
    ):
        opened.append(batch(1, "a"))


def test_a_door_without_tls_is_told(server: SecureKafkaServer, keys: Path) -> None:
    cluster = cluster_of(f"kafka://{server.url}/secure", 1, client_file(keys, server.password))
    with pytest.raises(
        UnavailableError, match=r"do not speak TLS here .* see journal\.client_file, security\.protocol"
    ):
        topics.ensure(cluster, EVENTS)


def test_a_password_that_is_mended_is_taken_by_the_next_start(server: SecureKafkaServer, keys: Path) -> None:
    path = client_file(keys, "wrong")
    with closing(journal(server, keys, path)) as opened, pytest.raises(UnavailableError):
        opened.append(batch(1, "a"))
    client_file(keys, server.password)
    with closing(journal(server, keys, path)) as opened:
        until(lambda: opened.append(batch(1, "a")) == 1, what="the event is taken")


def test_a_certificate_that_is_not_there_is_told_with_its_line(keys: Path) -> None:
    path = client_file(keys, "x")
    (keys / "kafka-ca.pem").unlink()
    with pytest.raises(InputError, match=r"kafka\.properties:2: ssl\.ca\.location: cannot read .*kafka-ca\.pem"):
        cluster_of("kafka://h:1/x", 1, path)
    with pytest.raises(InputError, match=r"cannot read .*nothing: No such file"):
        cluster_of("kafka://h:1/x", 1, keys / "nothing")
