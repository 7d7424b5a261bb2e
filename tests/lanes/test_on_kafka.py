"""One process on a real Kafka: every event is stored once, and correlations see what came by different parts."""

import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from sentinel.cli.init import create
from sentinel.event import Event, encode
from sentinel.journal import Batch
from sentinel.lanes.concluding import FIRST_PARTITION
from sentinel.model.moment import now, to_text
from sentinel.model.search import Search
from sentinel.wiring import Home, open_home
from tests.lanes.town import RULES, line
from tests.live.servers.kafka import KafkaServer
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.slow]
CITY = frozenset({"city"})
COLLECTORS = 9
PARTS = 3
ALERTS = ["Came in", "Guessed", "Guessing"]


@pytest.fixture
def folder(kafka: KafkaServer, tmp_path: Path) -> Path:
    """Return a home with its journal on Kafka; its topics are named by the test."""
    home, rules = tmp_path / "home", tmp_path / "rules"
    create(home, host="127.0.0.1", port=1, names=["localhost"], administrator="admin")
    rules.mkdir()
    (rules / "town.yml").write_text(RULES)
    settings = home / "sentinel.toml"
    url = f"kafka://{kafka.url}/{tmp_path.name.lower().replace('_', '-')}"
    more = (
        f'\n[content]\nrules = ["{rules}"]\n[journal]\nurl = "{url}"\npartitions = {PARTS}\n[pipeline]\nworkers = 0\n'
    )
    settings.write_text(settings.read_text("utf-8") + more, "utf-8")
    with closing(open_home(home)) as opened:
        opened.agencies.load_bundled()
    return home


@contextmanager
def working(folder: Path) -> Iterator[Home]:
    """Serve the lanes of a home while the block lasts."""
    stop = threading.Event()
    with closing(open_home(folder)) as opened:
        thread = threading.Thread(target=opened.sharing.run, args=(stop,))
        thread.start()
        try:
            yield opened
        finally:
            stop.set()
            thread.join(60)
            assert not thread.is_alive()


def send(home: Home, collector: int, *texts: str) -> None:
    """Append a batch as intake does."""
    name, epoch, at = f"c{collector}", "aaaaaaaa", now()
    first = home.journal.last_sequence(name, epoch) + 1
    events = [
        Event(collector=name, epoch=epoch, sequence=0, dataset="linux.auth", host=f"h{collector}", seen_at=at, raw=text)
        for text in texts
    ]
    home.journal.append(Batch(name, "city", epoch, first, [encode(event) for event in events], to_text(at)))


def stored(home: Home) -> list[str]:
    return sorted(str(each.fields["event.original"]) for each in home.store.scan(Search(scope=CITY)))


def titles(home: Home) -> list[str]:
    return sorted(alert.title for alert in home.alerts.find(CITY).alerts)


def test_events_of_all_parts_are_stored_once_and_correlated(folder: Path) -> None:
    with working(folder) as home:
        until(lambda: len(home.sharing.lanes.present()) == 2 * PARTS, what="all parts", seconds=60)
        at = now().replace(microsecond=0)
        for number in range(COLLECTORS):
            send(home, number, *(f"noise {number} {count}" for count in range(20)))
        # One address guesses on three machines, whose collectors are in different parts.
        parts = {number: home.journal._partition(f"c{number}") for number in range(COLLECTORS)}  # type: ignore[attr-defined]
        chosen = [next(number for number, part in parts.items() if part == wanted) for wanted in range(PARTS)]
        for place, number in enumerate(chosen):
            send(home, number, line(at + timedelta(seconds=place), 7, "root", failed=True))
        send(home, chosen[0], line(at + timedelta(seconds=9), 7, "root", failed=False))
        total = COLLECTORS * 20 + PARTS + 1
        until(lambda: len(stored(home)) == total, what="all events stored", seconds=60)
        until(lambda: titles(home) == ALERTS, what="the alerts of all parts together", seconds=60)
        done = home.done()
        assert (done["gaps"], done["damaged"], done["failures"]) == (0, 0, 0)
    with working(folder) as home:
        # Begun again, nothing is stored or alerted a second time, and what follows goes on.
        send(home, 1, "after the restart")
        until(lambda: "after the restart" in stored(home), what="the event after the restart", seconds=60)
        assert len(stored(home)) == total + 1
        assert titles(home) == ALERTS
        assert home.store.mark(FIRST_PARTITION).position >= 0


def test_a_batch_that_is_in_the_topic_twice_is_stored_and_counted_once(folder: Path) -> None:
    with closing(open_home(folder)) as home:
        text = line(now(), 7, "root", failed=True)
        send(home, 1, text, text)
        forget(home)
        send(home, 1, text, text, "new")
    with working(folder) as home:
        until(lambda: "new" in stored(home), what="all events stored", seconds=60)
        send(home, 1, "last")
        until(lambda: "last" in stored(home), what="the last event stored", seconds=60)
        assert stored(home) == sorted([text, text, "new", "last"])
        assert home.done()["repeated"] == 2
        # Two failures are two, not four: no alert.
        assert titles(home) == []


def forget(home: Home) -> None:
    """Take back the ledger, as where the server was killed after Kafka had the batch and before the ledger knew."""
    from sqlalchemy import delete

    from sentinel.database.storage_tables import sequences

    with home.engine.begin() as connection:
        connection.execute(delete(sequences))
