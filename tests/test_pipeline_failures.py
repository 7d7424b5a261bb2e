"""After a failure the pipeline stands where its mark is: nothing is told, counted or stored wrongly."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path

import pytest

from sentinel.errors import UnavailableError
from sentinel.event import Event
from sentinel.model.record import Record
from sentinel.normalise import normalise
from sentinel.store import Mark
from sentinel.store.local import LocalStore
from tests.place import Place
from tests.survivor import CountingEngine


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.close()


def test_a_failure_takes_the_detection_state_back_to_the_mark(place: Place) -> None:
    engine = CountingEngine()
    fails = [True]

    def sometimes(event: Event, **more: object) -> Record:
        if event.raw == "b" and fails[0]:
            raise UnavailableError("not now")
        return normalise(event, **more)  # type: ignore[arg-type]

    pipeline = place.pipeline(engine, sometimes)
    place.send("a")
    pipeline.step()
    place.send("b")
    with pytest.raises(UnavailableError):
        pipeline.step()
    assert engine.seen == 1
    fails[0] = False
    pipeline.step()
    assert (engine.seen, place.store.mark()) == (2, Mark(2, b"2"))


def test_a_younger_journal_is_read_anew_and_doubles_nothing(place: Place) -> None:
    place.send("a", "b", "c")
    place.pipeline().step()
    place.lose_journal()
    place.send("a", "b")
    pipeline = place.pipeline()
    assert pipeline.step() == 2
    assert len(place.stored()) == 3
    place.send("c", "d")
    pipeline.step()
    assert len(place.stored()) == 4


def test_a_batch_that_reaches_beyond_the_mark_of_a_lost_journal_is_read_whole(place: Place) -> None:
    place.send("a", "b", "c")
    place.pipeline().step()
    place.lose_journal()
    engine = CountingEngine()
    pipeline = place.pipeline(engine)
    assert pipeline.step() == 0
    place.send("a", "b", "c", "d", "e")
    assert pipeline.step() == 5
    assert sorted(place.stored()) == ["a", "b", "c", "d", "e"]
    assert engine.seen == 5


def test_correlations_count_once_when_the_disk_fails_for_a_while(place: Place) -> None:
    class Failing(LocalStore):
        """A store whose disk can neither be written nor read, once."""

        is_down = True

        def add(self, records: Sequence[Record], mark: Mark) -> int:
            if self.is_down:
                raise UnavailableError("cannot write")
            return super().add(records, mark)

        def mark(self, partition: int = 0) -> Mark:
            if self.is_down and counting.seen:
                raise UnavailableError("cannot read")
            return super().mark(partition)

    counting = CountingEngine()
    place.store.close()
    store = place.store = Failing(place.folder / "failing")
    place.send("a", "b")
    pipeline = place.pipeline(counting)
    with pytest.raises(UnavailableError):
        pipeline.step()
    store.is_down = False
    assert pipeline.step() == 2
    assert counting.seen == 2


def test_changes_that_could_not_be_stored_are_not_missing_behind_what_is(place: Place) -> None:
    class Adding(CountingEngine):
        """Writes a whole count once, then only what was added."""

        written: int | None = None

        def checkpoint(self) -> bytes:
            self.written = self.seen
            return b"%d," % self.seen

        def changes(self) -> bytes | None:
            if self.written is None:
                return None
            added, self.written = self.seen - self.written, self.seen
            return b"%d," % added

        def restore(self, state: bytes) -> None:
            self.seen, self.written = sum(map(int, state.split(b",")[:-1])), None

    class Failing(LocalStore):
        """A store that cannot write now and then, and once did although it says that it did not."""

        calls = 0

        def add(self, records: Sequence[Record], mark: Mark) -> int:
            self.calls += 1
            if self.calls in (5, 7):
                raise UnavailableError("cannot write")
            new = super().add(records, mark)
            if self.calls == 2:
                raise UnavailableError("the answer was lost")
            return new

    place.store.close()
    store = place.store = Failing(place.folder / "failing")
    counting = Adding()
    pipeline = place.pipeline(counting)
    for number in range(9):
        place.send(f"event {number}")
        with suppress(UnavailableError):
            pipeline.step()
    while pipeline.step():
        pass
    assert counting.seen == 9
    counting.restore(store.mark().detection_state)
    assert counting.seen == 9
    assert store.mark().detection_state.count(b",") > 1, "some was put behind"


def test_a_store_restored_to_before_the_journal_begins_is_said(place: Place, caplog: pytest.LogCaptureFixture) -> None:
    place.send("a", "b")
    place.pipeline().step()
    for texts in (("c", "d", "e"), ("f",)):
        place.send(*texts)
    place.journal.trim(5)
    assert place.pipeline().step() == 1
    (said,) = [each for each in caplog.records if "older than the journal" in each.message]
    assert (said.mark, said.missing) == (2, 3)  # type: ignore[attr-defined]
