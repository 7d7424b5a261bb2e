"""The pipeline with workers stores and finds what it does without them, and killing workers changes nothing of it."""

import os
import random
import signal
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sentinel.crew.crew import Crew
from sentinel.detect.engine import Engine
from sentinel.detect.load import load_rules
from sentinel.event import Event, encode
from sentinel.journal import Batch
from sentinel.journal.local import LocalJournal
from sentinel.model.match import Match
from sentinel.model.record import Record
from sentinel.normalise import normalise
from sentinel.pipeline import Pipeline
from sentinel.store.local import LocalStore
from tests.crew.test_crew import RULE
from tests.store.examples import city
from tests.waiting import until

AT = datetime(2026, 11, 23, 8, tzinfo=UTC)
EVENTS = 6_000
Told = list[tuple[str, str, tuple[str, ...]]]


def lines() -> list[bytes]:
    """Return sign-ins of root from five addresses among others, and lines that cannot be read."""
    made = []
    for number in range(EVENTS):
        user = "root" if number % 7 == 0 else "an"
        raw = f"Nov 23 08:00:{number % 60:02} web01 sshd[{number}]: Accepted password for {user} from 203.0.113."
        raw += f"{number % 5} port 50022 ssh2" if number % 11 else "\udcff"
        event = Event(collector="", epoch="", sequence=0, dataset="linux.auth", host="web01", seen_at=AT, raw=raw)
        made.append(encode(event) if number % 101 else b"{broken")
    return made


class Place:
    """A journal full of events, a store, and what a pipeline told."""

    def __init__(self, folder: Path, rules: Path, crew: Crew | None) -> None:
        folder.mkdir()
        self.journal = LocalJournal(folder / "journal.db")
        self.store = LocalStore(folder / "store")
        at = "2026-11-23T08:00:00.000000Z"
        self.journal.append(Batch("c1", "city", "aaaaaaaa", 1, lines(), at))
        self.told: Told = []
        engine = Engine(load_rules([rules]))
        self.pipeline = Pipeline(self.journal, self.store, engine, normalise, self.keep, crew=crew)

    def keep(self, matches: list[tuple[Match, Record]]) -> None:
        self.told += [(match.rule.title, record.id, match.contributing) for match, record in matches]

    def stored(self) -> list[Record]:
        return sorted(self.store.scan(city()), key=lambda record: record.id)

    def close(self) -> None:
        self.pipeline.close()
        self.journal.close()
        self.store.close()


@pytest.fixture
def rules(tmp_path: Path) -> Path:
    folder = tmp_path / "rules"
    folder.mkdir()
    (folder / "root.yml").write_text(RULE)
    return folder


@pytest.fixture
def alone(tmp_path: Path, rules: Path) -> Iterator[Place]:
    place = Place(tmp_path / "alone", rules, None)
    while place.pipeline.step(700):
        pass
    yield place
    place.close()


@pytest.mark.parametrize("in_columns", [False, True], ids=["whole", "columns"])
@pytest.mark.parametrize("kill", [False, True], ids=["undisturbed", "killed"])
def test_workers_change_nothing_of_what_is_stored_and_told(
    tmp_path: Path, rules: Path, alone: Place, *, kill: bool, in_columns: bool
) -> None:
    crew = Crew(2, [rules], in_columns=in_columns)
    place = Place(tmp_path / "together", rules, crew)
    stop, wake = threading.Event(), threading.Event()
    chance = random.Random(7)

    def killer() -> None:
        while not stop.wait(chance.uniform(0.05, 0.4)):
            try:
                os.kill(chance.choice(crew.pids), signal.SIGKILL)
            except ProcessLookupError:
                continue

    thread = threading.Thread(target=killer)
    if kill:
        os.kill(crew.pids[0], signal.SIGKILL)
        thread.start()
    runs = threading.Thread(target=place.pipeline.run, args=(stop, wake))
    runs.start()
    try:
        until(lambda: place.store.mark().position == EVENTS, what="all events stored", seconds=100)
    finally:
        stop.set()
        wake.set()
        runs.join(timeout=30)
        if kill:
            thread.join(timeout=10)
    assert place.stored() == alone.stored()
    assert place.told == alone.told or (kill and list(dict.fromkeys(place.told)) == alone.told)
    assert any(contributing for _, _, contributing in place.told)
    assert bool(crew.replaced) == kill
    assert gathered(place, rules) == gathered(alone, rules)
    place.close()


def gathered(place: Place, rules: Path) -> tuple[int, bytes]:
    """Return how far the store is, and what correlations have gathered by then, however it was written down."""
    mark, engine = place.store.mark(), Engine(load_rules([rules]))
    engine.restore(mark.detection_state)
    return mark.position, engine.checkpoint()
