"""PostgreSQL is killed and started again below a working server: clear refusals, no manual work, nothing lost."""

import http.client
import secrets
import subprocess
import threading
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import func, select

from sentinel.cli.client import Client
from sentinel.cli.demo.city import free_port, program
from sentinel.cli.init import create
from sentinel.database.connect import reading
from sentinel.database.tables import alerts
from sentinel.model.principal import Role
from sentinel.model.search import Search
from sentinel.wiring import open_home
from tests.intake.examples import enrol
from tests.live.numbered import Sender
from tests.live.servers.postgres import PostgresServer
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(280)]
KILLS = 3
RULE = """
title: Every line
id: 6f0f6b3c-1c5e-4f3a-9d8e-000000000001
status: test
logsource: {product: linux, service: auth}
detection:
  any: {event.dataset: linux.auth}
  condition: any
level: low
"""


@dataclass
class Served:
    """A server on PostgreSQL, a sender, and a signed-in person."""

    process: subprocess.Popen[bytes]
    home: Path
    console: Client
    sender: Sender
    log: Path

    def is_read(self) -> bool:
        """Return whether a person can read alerts."""
        try:
            return "alerts" in self.console.get("/api/v1/alerts")
        except Exception as error:  # noqa: BLE001 - the answer is looked at
            assert "503" in str(error), error
            return False


@pytest.fixture
def served(postgres: PostgresServer, tmp_path: Path) -> Iterator[Served]:
    home, rules, log, port = tmp_path / "home", tmp_path / "rules", tmp_path / "server.log", free_port(0)
    home.mkdir(mode=0o700)
    rules.mkdir()
    (rules / "1.yml").write_text(RULE)
    create(home, host="127.0.0.1", port=port, names=["localhost"], administrator="first")
    settings = home / "sentinel.toml"
    more = f'\n[content]\nrules = ["{rules}"]\n[database]\nurl = "{postgres.url}"\n'
    settings.write_text(settings.read_text("utf-8") + more, "utf-8")
    with closing(open_home(home)) as opened, log.open("wb") as output:
        opened.agencies.load_bundled()
        secret = enrol(opened.enrolment, "city")
        name = f"an-{secrets.token_hex(4)}"
        user = opened.users.create(name=name, role=Role.ADMINISTRATOR, agency="city", actor="test")
        process = subprocess.Popen([program("sentinel"), "serve", "--home", str(home)], stdout=output, stderr=output)
        sender = Sender(port, opened.keys.ca, secret)
        thread = threading.Thread(target=sender.run)
        try:
            console = Client(f"https://localhost:{port}", opened.keys.ca)
            until(lambda: console.is_up() or process.poll() is not None, what="the server is up", seconds=60)
            console.sign_in(opened.sign_in.make_link(user.id, minutes=5, actor="test"))
            thread.start()
            yield Served(process, home, console, sender, log)
        finally:
            sender.stop.set()
            if thread.ident is not None:
                thread.join(90)
            process.kill()
            process.wait()


def test_a_database_that_is_killed_and_comes_back_costs_nothing(served: Served, postgres: PostgresServer) -> None:
    sender = served.sender
    for _ in range(KILLS):
        sender.wait_for(http.client.OK, "events taken")
        postgres.kill()
        sender.wait_for(http.client.SERVICE_UNAVAILABLE, "clear refusals")
        assert not served.is_read()
        postgres.start()
        until(served.is_read, what="a person reads again, without anybody doing anything", seconds=60)
    sender.stop.set()
    last = sender.acknowledged

    assert served.process.poll() is None, served.log.read_text()[-3_000:]
    assert set(sender.answers) <= {200, 503}, sender.answers
    assert all("database" in sentence for sentence in sender.sentences), sender.sentences
    with closing(open_home(served.home)) as opened:
        asked = Search(scope=frozenset({"city"}), query="event.dataset:linux.auth", limit=0)
        until(lambda: opened.store.search(asked).total >= last, what="everything stored", seconds=90)
        numbers = [int(str(each.fields["event.original"]).rsplit(" ", 1)[1]) for each in opened.store.scan(asked)]
        assert len(numbers) == len(set(numbers)), "an event is stored twice"
        assert set(range(1, last + 1)) <= set(numbers), "an acknowledged event is lost"
        assert opened.audit.verify() > 0

        def counted() -> bool:
            with reading(opened.engine) as connection:
                query = select(func.sum(alerts.c.count)).where(alerts.c.rule_id.like("6f0f6b3c%"))
                return int(connection.execute(query).scalar() or 0) == opened.store.search(asked).total

        until(counted, what="each event counted once on its alert", seconds=60)
