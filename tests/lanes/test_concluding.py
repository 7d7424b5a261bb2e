"""The loop over hits: from the mark on, past damaged messages, back to the mark after a failure."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from sentinel.detect.engine import Engine
from sentinel.errors import UnavailableError
from sentinel.lanes.concluding import FIRST_PARTITION, Concluding
from sentinel.lanes.conclusions import Conclusions
from sentinel.lanes.keys import families
from sentinel.model.match import Match
from sentinel.model.record import Record
from sentinel.store.local import LocalStore
from tests.lanes.town import START, Source, Topic, line, minutes, rules


class Place:
    """One source whose three failures are an alert, a topic in memory, and a store for the mark."""

    def __init__(self, folder: Path) -> None:
        self.rules = rules(folder)
        self.topic = Topic(1)
        self.store = LocalStore(folder / "store")
        self.told: list[str] = []
        self.fails = 0
        texts = [(START, line(START, 1, "root", failed=True))] * 3
        self.source = Source(1, texts, Engine(self.rules))
        self.relay = self.source.relay(self.topic, self.rules)

    def send(self, first: int, upto: int) -> None:
        self.relay.send(first, upto, self.source.found[first:upto])

    def tick(self) -> None:
        self.relay._told_at = 0.0
        self.relay.idle(self.source.end, START + minutes(10))

    def worker(self) -> Concluding:
        judge = Conclusions(families(self.rules.correlations), [1], 2.0)
        return Concluding(0, self, self.store, judge, self.tell)

    def tell(self, matches: Sequence[tuple[Match, Record]]) -> None:
        if self.fails:
            self.fails -= 1
            raise UnavailableError("the database cannot be used now")
        self.told += [match.rule.title for match, _ in matches]

    def read(self, offset: int, limit: int) -> Sequence[tuple[int, bytes]]:
        return list(self.topic.of(0))[offset : offset + limit]

    def end(self) -> int:
        return len(self.topic.messages[0])

    def trim(self, offset: int) -> None:
        """Keep everything."""


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.store.close()


def test_the_state_goes_from_one_worker_to_the_next_by_the_mark(place: Place) -> None:
    place.send(0, 2)
    assert place.worker().step() == 1
    assert place.store.mark(FIRST_PARTITION).position == 1
    place.send(2, 3)
    place.tick()
    following = place.worker()
    assert following.step() == 2
    assert place.told == ["Guessing"]
    assert place.worker().step() == 0


def test_a_failure_goes_back_to_the_mark_and_nothing_is_counted_twice(place: Place) -> None:
    place.send(0, 3)
    place.tick()
    place.fails = 1
    worker = place.worker()
    with pytest.raises(UnavailableError):
        worker.step()
    assert place.store.mark(FIRST_PARTITION).position == 0
    assert worker.step() == 2
    assert place.told == ["Guessing"]


def test_a_damaged_message_is_passed_over_and_counted(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place.send(0, 3)
    place.topic.messages[0].insert(0, b"no message of ours")
    place.tick()
    worker = place.worker()
    worker.step()
    assert (place.told, worker.statistics["damaged"]) == (["Guessing"], 1)
    assert [each for each in caplog.records if "passed over" in each.message]


def test_a_worker_whose_mark_was_moved_goes_on_from_there(place: Place) -> None:
    one, two = place.worker(), place.worker()
    place.send(0, 2)
    one.step()
    two.step()
    place.send(2, 3)
    place.tick()
    two.step()
    assert one.step() == 0
    assert place.told == ["Guessing"]


def test_a_topic_made_anew_is_read_from_its_beginning(place: Place) -> None:
    place.send(0, 2)
    worker = place.worker()
    worker.step()
    place.topic.messages[0].clear()
    place.worker().step()
    place.send(2, 3)
    place.tick()
    worker.step()
    assert place.told == ["Guessing"]
