"""On Elasticsearch: a server is killed, and a sender without sequences sends everything again.

Then events and alerts, those of correlations too, are the same as if nothing had happened.
"""

import json
import ssl
from collections import Counter
from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from sqlalchemy import func, select

from sentinel.database.connect import reading
from sentinel.database.tables import alert_matches, alerts
from sentinel.errors import UnavailableError
from sentinel.model.moment import to_text
from tests.lanes.town import RULES, START
from tests.live.senders.sentinel import SentinelServer
from tests.live.servers.elastic import ElasticServer
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.xdist_group("doors")]

REQUESTS, KILLED_AFTER = 8, (3, 6)
"""So many requests make the batch; the server dies when so many are acknowledged, in the first and the second try."""
Seen = tuple[Counter[str], set[tuple[object, ...]], int]
"""Lines and how often each is stored, alerts, and how many matches are counted on them."""


def requests() -> list[bytes]:
    """Return the bodies that make up the batch."""
    bodies = []
    for number in range(REQUESTS):
        rows = [
            b'{"create":{}}\n' + json.dumps(each, ensure_ascii=False).encode() + b"\n" for each in documents(number)
        ]
        bodies.append(b"".join(rows))
    return bodies


def documents(number: int) -> list[dict[str, object]]:
    """Return the documents of a request: guessing that goes on through all of them, and lines that mean nothing."""
    at = START + timedelta(seconds=number * 4)
    tries = [("Failed", f"user{number % 3}", number % 2), ("Failed", "root", 0)]
    if number % 3 == 2:
        tries.append(("Accepted", "root", 0))
    said = [
        f"{way} password for {user} from 203.0.113.{address} port 50022 ssh2"
        for way, user, address in tries
        # Twice the same line at the same time is two events, and both are known again.
        for _ in range(2)
    ]
    said += [f"Received disconnect from 203.0.113.9 port {10_000 + number * 100 + each}: đã ngắt" for each in range(40)]
    head = {"@timestamp": to_text(at), "host": {"name": f"h{number % 2}"}}
    return [{**head, "message": f"{at:%b %d %H:%M:%S} h sshd[7]: {text}"} for text in said]


class Sender:
    """Sends the bodies in order, through the door."""

    def __init__(self, server: SentinelServer) -> None:
        self._server = server
        self._token = server.add_sender("bulk", "linux.auth")
        self._trust = ssl.create_default_context(cafile=str(server.keys.ca))

    def send(self, bodies: Sequence[bytes]) -> None:
        """Send, and see that each was taken."""
        with httpx.Client(verify=self._trust, timeout=60, auth=("x", self._token)) as client:
            for body in bodies:
                answer = client.post(f"{self._server.url}/_bulk", content=body)
                assert answer.status_code == 200, answer.text
                assert not answer.json()["errors"]


def new(elastic: ElasticServer, namespace: str) -> SentinelServer:
    server = SentinelServer(
        f'[doors]\nbulk = true\n[store]\nurl = "elastic+{elastic.url}"\nnamespace = "{namespace}"\n'
    )
    (server.folder / "rules" / "town.yml").write_text(RULES)
    return server


def stored(server: SentinelServer) -> int:
    """Return how many are found; shards of an index that was made just now cannot be searched for a moment."""
    try:
        return server.stored().total()
    except UnavailableError:
        return 0


def seen(server: SentinelServer, count: int) -> Seen:
    """Return what is there when everything is stored and judged."""
    until(lambda: stored(server) >= count, what="all stored", seconds=120)
    columns = alerts.c.title, alerts.c.host, alerts.c.count, alerts.c.first_at, alerts.c.last_at, alerts.c.agency
    with reading(server.beside.engine) as connection:
        found = {tuple(row) for row in connection.execute(select(*columns).where(alerts.c.title.in_(OURS)))}
        matches = connection.execute(select(func.count()).select_from(alert_matches)).scalar_one()
    return server.stored(), found, int(matches)


OURS = ("Guessing", "Guessed", "Many users")


def test_who_sends_everything_again_after_a_kill_changes_nothing(elastic_8: ElasticServer, tmp_path: Path) -> None:
    bodies = requests()
    count = sum(len(documents(number)) for number in range(REQUESTS))
    with new(elastic_8, "sent_once") as server:
        Sender(server).send(bodies)
        undisturbed = seen(server, count)
    assert {row[0] for row in undisturbed[1]} == set(OURS)
    assert undisturbed[0].total() == count

    with new(elastic_8, "sent_again") as server:
        sender = Sender(server)
        for number in KILLED_AFTER:
            sender.send(bodies[:number])
            server.kill()
            server.start()
        sender.send(bodies)
        # And once more, when all is stored.
        assert seen(server, count) == undisturbed
        before = server.position()
        sender.send(bodies)
        until(lambda: server.position() >= before + count, what="the repeats are done with", seconds=60)
        assert seen(server, count) == undisturbed
