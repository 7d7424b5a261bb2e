"""The scaled set-up as `docs/how-to/scale-out.md` says: PostgreSQL, Kafka, Elasticsearch, one web, two pipelines."""

import shutil
import subprocess
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import pytest

from sentinel.cli.client import Client
from sentinel.cli.demo.city import free_port, program
from sentinel.cli.init import create
from sentinel.errors import UnavailableError
from sentinel.model.search import Search
from sentinel.wiring import Home, open_home
from tests.intake.examples import enrol
from tests.live.numbered import Sender
from tests.live.servers.elastic import ElasticServer
from tests.live.servers.kafka import KafkaServer
from tests.live.servers.postgres import PostgresServer
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.trial, pytest.mark.engines, pytest.mark.timeout(400)]
ROOT = Path(__file__).parents[2]
OURS = Search(scope=frozenset({"city"}), query="event.dataset:linux.auth", limit=0)


@dataclass
class City:
    """The processes on one home."""

    home: Path
    folder: Path
    running: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, role: str) -> None:
        with (self.folder / f"{name}.log").open("ab") as log:
            command = [program("sentinel"), "serve", "--home", str(self.home), "--role", role]
            self.running[name] = subprocess.Popen(command, stdout=log, stderr=log)

    def kill(self, name: str) -> None:
        process = self.running.pop(name)
        process.kill()
        process.wait()

    def said(self) -> str:
        return "\n".join(f"== {path.name}\n{path.read_text()[-2_000:]}" for path in self.folder.glob("*.log"))


@pytest.fixture
def city(
    postgres: PostgresServer, kafka: KafkaServer, elastic_8: ElasticServer, tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[City]:  # fmt: skip
    """Make a home as the page says: from variables, then with the file of the scaled set-up in its place."""
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("DROP DATABASE IF EXISTS scaled")
        connection.execute("CREATE DATABASE scaled")
    home, port = tmp_path / "home", free_port(0)
    (home / "keys").mkdir(parents=True, mode=0o700)
    (home / "keys" / "database_password").write_text("of no use where the server trusts everybody\n")
    url = postgres.url.rpartition("/")[0] + "/scaled"
    with monkeypatch.context() as patched:
        patched.setenv("SENTINEL_DATABASE__URL", url)
        patched.setenv("SENTINEL_DATABASE__PASSWORD_FILE", "database_password")
        create(home, host="127.0.0.1", port=port, names=["localhost"], administrator="admin")
    text = (ROOT / "deploy" / "scaled" / "sentinel.toml").read_text("utf-8")
    for old, new in {
        "0.0.0.0": "127.0.0.1", "8443": str(port), "soc.example.gov.vn": "localhost",
        "kafka://kafka:9092": f"kafka://{kafka.url}/scaled", "elasticsearch:9200": elastic_8.url.partition("//")[2],
        "postgresql://sentinel@postgres/sentinel": url,
    }.items():  # fmt: skip
        assert old in text
        text = text.replace(old, new)
    (home / "sentinel.toml").write_text(text, "utf-8")
    made = City(home, tmp_path)
    yield made
    for name in list(made.running):
        made.kill(name)


def stored(home: Home) -> int:
    """Return how many are found; shards of an index that was made just now cannot be searched for a moment."""
    try:
        return home.store.search(OURS).total
    except UnavailableError:
        return 0


def numbers(city: City) -> list[int]:
    with closing(open_home(city.home)) as opened:
        return [int(str(each.fields["event.original"]).rsplit(" ", 1)[1]) for each in opened.store.scan(OURS)]


def test_pipelines_share_the_work_and_one_that_dies_costs_nothing(city: City) -> None:
    with ExitStack() as stack:
        opened = stack.enter_context(closing(open_home(city.home)))
        secret = enrol(opened.enrolment, "city")
        city.start("web", "web")
        for name in ("one", "two"):
            city.start(name, "pipeline")
        console = Client(opened.settings.server.public_url, opened.keys.ca)
        until(console.is_up, what="the console is up", seconds=90)
        sender = Sender(opened.settings.server.port, opened.keys.ca, secret)
        thread = threading.Thread(target=sender.run)
        thread.start()
        stack.callback(thread.join, 90)
        stack.callback(sender.stop.set)
        sender.wait_for(200, "events taken")
        until(lambda: stored(opened) > 0, what="something stored", seconds=120)
        city.kill("one")
        sender.wait_for(200, "events taken while one pipeline is dead")
        city.start("three", "pipeline")
        city.kill("web")
        sender.stop.set()
    last = sender.acknowledged
    assert last > 0
    with closing(open_home(city.home)) as opened:
        until(lambda: stored(opened) >= last, what=f"all {last} stored\n{city.said()}", seconds=150)
    found = numbers(city)
    assert len(found) == len(set(found)), "an event is stored twice"
    assert set(range(1, last + 1)) <= set(found), "an acknowledged event is lost"
    for name in list(city.running):
        city.kill(name)

    doctor = subprocess.run([program("sentinel"), "doctor", "--deep", "--home", str(city.home)], capture_output=True)
    assert doctor.returncode == 0, doctor.stdout.decode()
    backup = city.folder / "backup"
    done = subprocess.run(
        [program("sentinel"), "backup", str(backup), "--home", str(city.home), "--without-keys"],
        capture_output=True, text=True,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    assert "in Kafka" in done.stderr
    assert "in Elasticsearch" in done.stderr
    assert not (backup / "events").exists()
    shutil.rmtree(backup)
