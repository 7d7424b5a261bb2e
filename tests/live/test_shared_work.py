"""Several processes on Kafka, Elasticsearch and PostgreSQL: one is killed, one is stopped and wakes up again.

Afterwards every acknowledged event is stored once, and the alerts are those of one engine that saw all in order.
"""

import http.client
import json
import os
import signal
import ssl
import subprocess
import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from datetime import timedelta
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import select

from sentinel.alerts.grouping import sight
from sentinel.cli.client import Connection
from sentinel.cli.demo.city import free_port, program
from sentinel.cli.init import create
from sentinel.database.connect import reading
from sentinel.database.tables import alert_matches
from sentinel.detect.engine import Engine
from sentinel.event import Event, encode
from sentinel.model.moment import now
from sentinel.model.record import Record
from sentinel.model.search import Search
from sentinel.wiring import Home, open_home
from tests.intake.examples import enrol
from tests.lanes.town import RULES, line
from tests.live.servers.elastic import ElasticServer
from tests.live.servers.kafka import KafkaServer
from tests.live.servers.postgres import PostgresServer
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(900)]
EPOCH = "0123456789abcdef"
COLLECTORS = 6
BATCHES = 40
BATCH = 20
SESSION_SECONDS = 10
"""Of the group of workers: who is silent for longer loses its parts."""


@dataclass
class Collector:
    """Sends its lines in order: the next batch when this one is acknowledged, else the same again."""

    number: int
    port: int
    ca: Path
    secret: str
    acknowledged: int = 0
    may_send: int = 0
    """Batches up to here."""
    sent: list[str] = field(default_factory=list)
    answers: Counter[int] = field(default_factory=Counter)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Send until everything is acknowledged, or told to stop."""
        context = ssl.create_default_context(cafile=str(self.ca))
        pause = threading.Event()
        while not self.stop.is_set() and self.acknowledged < BATCHES * BATCH:
            if self.acknowledged >= self.may_send * BATCH:
                pause.wait(0.02)
                continue
            if len(self.sent) == self.acknowledged:
                self.sent += self._texts(self.acknowledged // BATCH)
            try:
                self._send(context)
            except OSError as error:
                self.answers[error.errno or 0] += 1
                pause.wait(0.2)

    def _texts(self, turn: int) -> list[str]:
        at = now().replace(microsecond=0)
        texts = [f"c{self.number} line {turn * BATCH + place}" for place in range(BATCH)]
        # One address comes to many machines at once; every so often it gets in.
        texts[3] = line(at, turn % 5, f"user{self.number}", failed=True)
        if self.number == turn % COLLECTORS:
            texts[9] = line(at + timedelta(seconds=1), turn % 5, "root", failed=False)
        return texts

    def _send(self, context: ssl.SSLContext) -> None:
        first = self.acknowledged + 1
        body = b"\n".join(self._line(text) for text in self.sent[self.acknowledged :])
        connection = Connection("localhost", self.port, timeout=60, context=context)
        headers = {"Authorization": f"Bearer {self.secret}", "Sentinel-Epoch": EPOCH, "Sentinel-First": str(first)}
        with closing(connection):
            connection.request("POST", "/api/v1/events", body, headers)
            answer = connection.getresponse()
            said = answer.read()
        self.answers[answer.status] += 1
        if answer.status == http.client.OK:
            self.acknowledged = int(json.loads(said)["acknowledged"])

    def _line(self, text: str) -> bytes:
        event = Event(
            collector="", epoch="", sequence=0, dataset="linux.auth", host=f"h{self.number}", seen_at=now(), raw=text
        )
        return encode(event)


class Process:
    """One `sentinel serve` and what it logs."""

    def __init__(self, home: Path, role: str, log: Path) -> None:
        self.log = log
        with log.open("wb") as output:
            self.process = subprocess.Popen(
                [program("sentinel"), "serve", "--home", str(home), "--role", role, "--log-json"],
                stdout=output, stderr=output,
            )  # fmt: skip

    def said(self, words: str) -> int:
        return self.log.read_text("utf-8", "replace").count(words)

    def send(self, number: signal.Signals) -> None:
        os.kill(self.process.pid, number)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


@dataclass
class Town:
    """Everything that runs."""

    home: Path
    folder: Path
    opened: Home
    collectors: Sequence[Collector]
    stack: ExitStack

    def start(self, role: str, name: str) -> Process:
        process = Process(self.home, role, self.folder / f"{name}.log")
        self.stack.callback(process.end)
        return process

    def send_up_to(self, batches: int) -> None:
        for collector in self.collectors:
            collector.may_send = batches
        until(
            lambda: all(each.acknowledged >= batches * BATCH for each in self.collectors),
            what=f"{batches} batches of each collector", seconds=240,
        )  # fmt: skip

    def records(self) -> list[Record]:
        found = self.opened.store.scan(Search(scope=frozenset({"city"}), query="event.dataset:linux.auth"))
        return list(found)


@pytest.fixture
def town(kafka: KafkaServer, elastic_8: ElasticServer, postgres: PostgresServer, tmp_path: Path) -> Iterator[Town]:
    home, rules, port = tmp_path / "home", tmp_path / "rules", free_port(0)
    name = tmp_path.name.lower().replace("_", "-")
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute("CREATE DATABASE shared_work")
    home.mkdir(mode=0o700)
    rules.mkdir()
    (rules / "town.yml").write_text(RULES)
    create(home, host="127.0.0.1", port=port, names=["localhost"], administrator="first")
    settings = home / "sentinel.toml"
    more = (
        f'\n[content]\nrules = ["{rules}"]\n[pipeline]\nworkers = 0\n'
        f'[database]\nurl = "{postgres.url.rpartition("/")[0]}/shared_work"\n'
        f'[journal]\nurl = "kafka://{kafka.url}/{name}"\npartitions = 4\n'
        f'[store]\nurl = "elastic+{elastic_8.url}"\nnamespace = "{name.replace("-", "_")}"\n'
    )
    settings.write_text(settings.read_text("utf-8") + more, "utf-8")
    with ExitStack() as stack:
        opened = stack.enter_context(closing(open_home(home)))
        opened.agencies.load_bundled()
        secrets = [enrol(opened.enrolment, "city") for _ in range(COLLECTORS)]
        collectors = [Collector(place, port, opened.keys.ca, each) for place, each in enumerate(secrets)]
        yield Town(home, tmp_path, opened, collectors, stack)


def test_a_killed_and_a_stopped_worker_lose_double_and_change_nothing(town: Town) -> None:
    town.start("web", "web")
    first, second = town.start("pipeline", "first"), town.start("pipeline", "second")
    until(lambda: first.said("are ours") and second.said("are ours"), what="both workers have parts", seconds=120)
    threads = [threading.Thread(target=each.run) for each in town.collectors]
    for thread in threads:
        thread.start()
    try:
        town.send_up_to(10)
        first.send(signal.SIGKILL)
        gained = second.said("are ours")
        town.send_up_to(18)
        until(lambda: second.said("are ours") > gained, what="the other takes over", seconds=60)
        third = town.start("pipeline", "third")
        until(lambda: third.said("are ours"), what="a new worker has parts", seconds=120)
        town.send_up_to(26)
        second.send(signal.SIGSTOP)
        gained = third.said("are ours")
        until(lambda: third.said("are ours") > gained, what="the new one takes over", seconds=60)
        town.send_up_to(32)
        # It wakes up in the middle of what it did, and must do no harm.
        second.send(signal.SIGCONT)
        town.send_up_to(BATCHES)
    finally:
        for collector in town.collectors:
            collector.stop.set()
        for thread in threads:
            thread.join(90)
    total = COLLECTORS * BATCHES * BATCH
    until(lambda: len(town.records()) >= total, what="all events are stored", seconds=180)
    records = town.records()
    assert Counter(str(each.fields["event.original"]) for each in records) == Counter(
        text for collector in town.collectors for text in collector.sent
    )
    expected = matches_of(town.opened, records)
    assert len({rule for rule, _ in expected}) == 3
    until(lambda: len(matched(town.opened, expected)) >= len(expected), what="all alerts", seconds=60)
    found = matched(town.opened, expected)
    assert (found - set(expected), set(expected) - found) == (set(), set())


Expected = dict[tuple[str, str], str]


def matches_of(opened: Home, records: Sequence[Record]) -> Expected:
    """Return the matches that one engine finds in these records in the order of their receipt, with their ids."""
    engine = Engine(opened.rules, lateness_seconds=opened.settings.lateness_seconds)
    found = engine.match(sorted(records, key=place_of)) + engine.finish()
    return {(match.rule.title, record.id): sight(match, record).id for match, record in found}


def place_of(record: Record) -> tuple[str, int, str]:
    """Return what orders records: millisecond of receipt, place in the batch, and where both are equal the id."""
    milliseconds = str(record.fields["event.ingested"])[: len("2026-11-23T08:00:00.000")]
    return milliseconds, (int(str(record.fields["event.sequence"])) - 1) % BATCH, record.id


def matched(opened: Home, expected: Expected) -> set[tuple[str, str]]:
    """Return those of the expected matches that are in the queue, and any that nobody expected."""
    with reading(opened.engine) as connection:
        rows = connection.execute(select(alert_matches.c.id, alert_matches.c.record_id)).all()
    names = {number: key for key, number in expected.items()}
    return {names.get(row.id, ("unexpected", row.record_id)) for row in rows}
