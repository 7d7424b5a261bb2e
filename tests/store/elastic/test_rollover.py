"""A replay after a rollover stores nothing twice: real servers, kill -9, and a real rollover in between."""

import random
import signal
import subprocess
import sys
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel.database.connect import connect as open_database
from sentinel.database.connect import migrate
from sentinel.errors import UnavailableError
from sentinel.store import Mark
from sentinel.store.elastic.client import Connection, connect, hosts
from sentinel.store.elastic.store import ElasticStore
from tests.live.servers.elastic import VERSIONS, ElasticServer
from tests.live.servers.fixtures import made
from tests.store.elastic.worker import work
from tests.store.examples import record
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.slow]
COUNT, BATCH = 600, 100
ANY = {"ignore_unavailable": True, "allow_no_indices": True}


class Place:
    """A database and a namespace of its own on a server."""

    def __init__(self, server: ElasticServer, folder: Path, root: Path) -> None:
        self.server, self._root = server, root
        self.namespace = uuid.uuid4().hex[:12]
        self.database = f"sqlite:///{folder}/state.db"
        self._engine = open_database(self.database)
        migrate(self._engine)
        self._client = connect(Connection(hosts=hosts(f"elastic+{server.url}"), timeout_seconds=20))
        self.pattern = f"logs-sentinel.*-{self.namespace}"
        self._workers: list[subprocess.Popen[str]] = []

    def start(self, part: int = 0, hang: str = "") -> "subprocess.Popen[str]":
        """Start a worker."""
        command = [
            sys.executable, "-m", "tests.store.elastic.worker", self.server.url, self.database, self.namespace,
            str(part), str(COUNT), str(BATCH), *([hang] if hang else []),
        ]  # fmt: skip
        worker = subprocess.Popen(command, cwd=self._root, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        self._workers.append(worker)
        return worker

    def store(self, **options: float) -> ElasticStore:
        client = connect(Connection(hosts=hosts(f"elastic+{self.server.url}"), timeout_seconds=20))
        return ElasticStore(client, self._engine, namespace=self.namespace, **options)

    def finish(self, part: int = 0) -> None:
        """Let a worker do what is left, in this process."""
        store = self.store()
        work(store, part, COUNT, BATCH, lambda _: None)
        store.close()

    def roll_over(self) -> None:
        """Begin a new backing index in the streams that exist."""
        found = self._client.indices.resolve_index(name=self.pattern).body["data_streams"]
        for stream in found:
            self._client.indices.rollover(alias=stream["name"])

    def stored(self) -> Counter[str]:
        """Return every id with how often it is stored, over all backing indices."""
        self._client.indices.refresh(index=self.pattern, **ANY)
        answer = self._client.search(index=self.pattern, size=10_000, query={"match_all": {}}, source=False)
        assert answer["hits"]["total"]["value"] == len(answer["hits"]["hits"])
        return Counter(hit["_id"] for hit in answer["hits"]["hits"])

    def backing(self) -> int:
        return len(self._client.indices.resolve_index(name=self.pattern).body["data_streams"][0]["backing_indices"])

    def close(self) -> None:
        for worker in self._workers:
            worker.kill()
            worker.communicate()
        self._client.close()
        self._engine.dispose()


@pytest.fixture
def place(elastic: ElasticServer, tmp_path: Path, root: Path) -> Iterator[Place]:
    made_here = Place(elastic, tmp_path, root)
    yield made_here
    made_here.close()


def all_once(parts: int = 1) -> Counter[str]:
    return Counter(record(part * 1_000_000 + number).id for part in range(parts) for number in range(COUNT))


def hangs(worker: "subprocess.Popen[str]") -> None:
    assert worker.stdout is not None
    assert worker.stdout.readline() == "hanging\n", worker.stderr.read() if worker.stderr else ""
    worker.send_signal(signal.SIGKILL)
    worker.wait()


def test_elasticsearch_alone_would_store_the_replay_again(place: Place) -> None:
    """Shows that the other tests here can fail: elastic/elasticsearch#44794."""
    store = place.store()
    store.add([record(1)], Mark(1))
    place.roll_over()
    # Nobody said that this might be stored already: its position is a new one.
    store.add([record(1)], Mark(2))
    assert place.stored() == {record(1).id: 2}
    store.close()


@pytest.mark.parametrize("point", ["sent", "intended"])
def test_what_a_killed_worker_sent_is_not_sent_again_after_a_rollover(place: Place, point: str) -> None:
    hangs(place.start(hang=point))
    assert sum(place.stored().values()) == (BATCH if point == "sent" else 0)
    if point == "sent":
        place.roll_over()
    place.finish()
    assert place.stored() == all_once()
    assert place.backing() == (2 if point == "sent" else 1)


def test_a_mark_that_was_moved_back_doubles_nothing(place: Place) -> None:
    place.finish()
    place.roll_over()
    store = place.store()
    store.mark()
    store.add((), Mark(0))
    store.close()
    place.finish()
    assert place.stored() == all_once()


def test_two_workers_take_over_from_each_other(place: Place) -> None:
    hangs(place.start(0, hang="sent"))
    hangs(place.start(1, hang="intended"))
    place.roll_over()
    place.finish(1)
    place.roll_over()
    place.finish(0)
    assert place.stored() == all_once(2)


@pytest.mark.parametrize("seed", range(2))
def test_killed_and_rolled_over_at_any_moment_everything_is_stored_once(place: Place, seed: int) -> None:
    chance = random.Random(seed)
    for _ in range(2):
        worker = place.start()
        assert worker.stdout is not None
        for _ in range(chance.randint(0, 2)):
            worker.stdout.readline()
        try:
            worker.wait(chance.uniform(0, 0.3))
        except subprocess.TimeoutExpired:
            worker.kill()
            worker.wait()
        place.roll_over()
    place.finish()
    assert place.stored() == all_once()


@pytest.fixture(params=VERSIONS)
def mortal(request: pytest.FixtureRequest) -> Iterator[ElasticServer]:
    """Start an Elasticsearch that no other test knows, because it dies."""
    with made(lambda: ElasticServer(request.param, heap="512m")) as server:
        yield server


def test_elasticsearch_killed_in_the_middle_loses_and_doubles_nothing(
    mortal: ElasticServer, tmp_path: Path, root: Path
) -> None:
    place = Place(mortal, tmp_path, root)
    store = place.store(patience_seconds=0.5)
    told: list[int] = []

    def kill_in_the_middle(mark: Mark) -> None:
        told.append(mark.position)
        if len(told) == 2:
            mortal.kill()

    with pytest.raises(UnavailableError):
        work(store, 0, COUNT, BATCH, kill_in_the_middle)
    assert told == [BATCH, 2 * BATCH]
    mortal.start()
    place.roll_over()
    until(lambda: _finished(place), what="the rest stored", seconds=60)
    assert place.stored() == all_once()
    store.close()
    place.close()


def _finished(place: Place) -> bool:
    try:
        place.finish()
    except UnavailableError:
        return False
    return True
