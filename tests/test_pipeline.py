"""From received lines to stored records: in order, once, and past whatever one event does."""

import threading
from collections.abc import Iterator, Sequence
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sentinel.crew.judge import Normalise
from sentinel.detect.engine import Engine
from sentinel.detect.load import load_rules
from sentinel.errors import UnavailableError
from sentinel.event import Event, encode
from sentinel.journal import Batch
from sentinel.journal.local import LocalJournal
from sentinel.model.match import Match
from sentinel.model.record import Record
from sentinel.normalise import normalise
from sentinel.pipeline import ATTEMPTS, MAX_BROKEN, Pipeline
from sentinel.store import Mark
from sentinel.store.local import LocalStore
from tests.store.examples import city
from tests.survivor import CountingEngine
from tests.waiting import until

AT = "2026-11-23T08:00:00.000000Z"
RULE = """
title: Root came in
id: 6f0f6b3c-1c5e-4f3a-9d8e-0d8d7f6e5c4b
status: test
logsource: {product: linux, service: sshd}
detection:
  came_in: {user.name: root, event.outcome: success}
  condition: came_in
level: high
"""
ROOT_CAME = "Nov 23 08:00:00 web01 sshd[811]: Accepted password for root from 203.0.113.9 port 50022 ssh2"
OTHER_CAME = "Nov 23 08:00:00 web01 sshd[812]: Accepted password for an from 203.0.113.9 port 50023 ssh2"


class Place:
    """A journal and a store in a folder, and what the pipeline said."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.journal = LocalJournal(folder / "journal.db")
        self.store = LocalStore(folder / "store")
        self.matches: list[tuple[Match, Record]] = []
        self.faults: dict[tuple[str, str], tuple[int, str]] = {}

    def pipeline(self, engine: object = None, parse: Normalise = normalise, **options: object) -> Pipeline:
        options = {
            "on_matches": self.matches.extend,
            "on_faults": lambda faults, at: self.faults.update(faults),
        } | options
        return Pipeline(self.journal, self.store, engine or CountingEngine(), parse, **options)  # type: ignore[arg-type]

    def send(self, *texts: str, dataset: str = "linux.auth") -> None:
        first = self.journal.last_sequence("c1", "aaaaaaaa") + 1
        lines = [_line(text, dataset) for text in texts]
        self.journal.append(
            Batch(collector="c1", agency="city", epoch="aaaaaaaa", first=first, lines=lines, received_at=AT)
        )

    def stored(self) -> list[str]:
        return [str(each.fields["event.original"]) for each in self.store.scan(city())]

    def close(self) -> None:
        self.journal.close()
        self.store.close()


def _line(text: str, dataset: str) -> bytes:
    at = datetime(2026, 11, 23, 8, tzinfo=UTC)
    event = Event(collector="", epoch="", sequence=0, dataset=dataset, host="web01", seen_at=at, raw=text)
    return encode(event)


@pytest.fixture
def place(tmp_path: Path) -> Iterator[Place]:
    made = Place(tmp_path)
    yield made
    made.close()


@pytest.fixture
def engine(tmp_path: Path) -> Engine:
    (tmp_path / "rules").mkdir()
    (tmp_path / "rules" / "root.yml").write_text(RULE)
    return Engine(load_rules([tmp_path / "rules"]))


def test_a_line_becomes_a_stored_record_and_a_match(place: Place, engine: Engine) -> None:
    place.send(ROOT_CAME, OTHER_CAME)
    pipeline = place.pipeline(engine)
    assert pipeline.step() == 2
    assert pipeline.step() == 0
    ((match, record),) = place.matches
    assert match.rule.title == "Root came in"
    assert place.store.get(record.id, city().scope) == record
    assert (record.fields["organization.id"], record.fields["event.ingested"]) == ("city", AT)
    assert sorted(place.stored()) == sorted([ROOT_CAME, OTHER_CAME])
    assert pipeline.statistics["stored"] == 2
    assert pipeline.statistics["matches"] == 1


def test_it_goes_on_where_the_store_is(place: Place) -> None:
    place.send(*(f"line {number}" for number in range(10)))
    assert place.pipeline().step(4) == 4
    assert place.store.mark() == Mark(4, b"4")
    engine = CountingEngine()
    assert place.pipeline(engine).step(100) == 6
    assert engine.seen == 10
    assert len(place.stored()) == 10


def test_matches_are_told_before_the_mark_moves_and_again_after_a_failure(place: Place, engine: Engine) -> None:
    place.send(ROOT_CAME)
    seen: list[int] = []

    def refuse(matches: list[tuple[Match, Record]]) -> None:
        seen.append(place.store.mark().position)
        if len(seen) == 1:
            raise UnavailableError("the database cannot be used now")

    pipeline = place.pipeline(engine, on_matches=refuse)
    with pytest.raises(UnavailableError):
        pipeline.step()
    assert place.stored() == []
    assert pipeline.step() == 1
    assert seen == [0, 0]
    assert place.stored() == [ROOT_CAME]


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


def test_a_poisonous_event_is_set_aside_and_the_others_go_on(place: Place) -> None:
    def poisoned(event: Event, **more: object) -> Record:
        if event.raw == "poison":
            raise KeyError("a fault of ours")
        return normalise(event, **more)  # type: ignore[arg-type]

    place.send(*(["fine"] * 7), "poison", *(["fine"] * 7))
    engine = CountingEngine()
    pipeline = place.pipeline(engine, poisoned)
    for _ in range(ATTEMPTS - 1):
        with pytest.raises(KeyError):
            pipeline.step()
        assert place.stored() == ["fine"] * 7
    assert pipeline.step() > 0
    assert sorted(place.stored()) == ["fine"] * 14 + ["poison"]
    assert pipeline.statistics["set_aside"] == 1
    (aside,) = place.store.search(city("event.kind:pipeline_error AND error.message:failed")).records
    assert aside.fields["event.original"] == "poison"
    assert place.store.mark().position == 15


def test_broken_lines_are_stored_and_counted_by_dataset(place: Place) -> None:
    place.send("{not json", dataset="egov.onestop")
    place.send("{nor this", dataset="egov.onestop")
    place.send(ROOT_CAME)
    lines = [b"no event at all"]
    place.journal.append(Batch(collector="c1", agency="city", epoch="aaaaaaaa", first=4, lines=lines, received_at=AT))
    pipeline = place.pipeline()
    pipeline.step()
    assert len(place.stored()) == 4
    broken = place.store.search(city("event.kind:pipeline_error"))
    assert broken.total == 3
    assert sum(pipeline.statistics["broken"].values()) == 3  # type: ignore[attr-defined]
    assert place.faults[("c1", "line:egov.onestop")][0] == 2
    assert sum(count for count, _ in place.faults.values()) == 3


def test_the_journal_is_trimmed_when_there_is_nothing_else_to_do(place: Place) -> None:
    place.send("a", "b")
    pipeline = place.pipeline()
    pipeline.step()
    pipeline.step()
    assert list(place.journal.read(0, 10)) == []
    place.send("c")
    assert pipeline.step() == 1


def test_a_younger_journal_is_read_anew_and_doubles_nothing(place: Place) -> None:
    place.send("a", "b", "c")
    place.pipeline().step()
    place.journal.close()
    for path in place.folder.glob("journal.db*"):
        path.unlink()
    place.journal = LocalJournal(place.folder / "journal.db")
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
    place.journal.close()
    for path in place.folder.glob("journal.db*"):
        path.unlink()
    place.journal = LocalJournal(place.folder / "journal.db")
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


def test_invented_datasets_are_counted_together(place: Place) -> None:
    for number in range(MAX_BROKEN + 20):
        place.send("a", dataset=f"made.up{number}")
    pipeline = place.pipeline()
    pipeline.step()
    broken = pipeline.statistics["broken"]
    assert isinstance(broken, dict)
    assert (len(broken), broken["other"]) == (MAX_BROKEN + 1, 20)


def test_the_loop_runs_until_stopped_and_wakes_when_called(place: Place) -> None:
    pipeline = place.pipeline()
    with _Running(pipeline) as wake:
        place.send("a")
        wake.set()
        until(lambda: place.store.mark().position == 1, what="the first event stored")
        place.send("b")
        wake.set()
        until(lambda: place.store.mark().position == 2, what="the second event stored")


def test_the_loop_survives_a_failure(place: Place) -> None:
    fails = [True]

    def on_matches(matches: object) -> None:
        if fails.pop() if fails else False:
            raise RuntimeError("once")

    place.send(ROOT_CAME)
    pipeline = place.pipeline(_AlwaysMatching(), on_matches=on_matches)
    with _Running(pipeline):
        until(lambda: place.store.mark().position == 1, what="the event stored after a failure")
    assert pipeline.statistics["failures"] == 1


class _AlwaysMatching(CountingEngine):
    def conclude(self, records: object, hits: object) -> list[tuple[Match, Record]]:
        return [(None, record) for record in records]  # type: ignore[attr-defined, misc]


class _Running:
    """Runs the loop in a thread while the block lasts."""

    def __init__(self, pipeline: Pipeline) -> None:
        self._stop, self._wake = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=pipeline.run, args=(self._stop, self._wake))

    def __enter__(self) -> threading.Event:
        self._thread.start()
        return self._wake

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._wake.set()
        self._thread.join(timeout=20)
        assert not self._thread.is_alive()


def test_an_event_sent_again_is_neither_judged_nor_stored_twice(place: Place, engine: Engine) -> None:
    at = datetime(2026, 11, 23, 8, tzinfo=UTC)
    event = Event(
        collector="", epoch="", sequence=0, dataset="linux.auth", host="web01", seen_at=at, raw=ROOT_CAME, key="k1"
    )
    for epoch in ("aaaaaaaa", "bbbbbbbb"):
        place.journal.append(Batch("s-1", "city", epoch, 1, [encode(event), encode(event)], AT))
    pipeline = place.pipeline(engine)
    assert [pipeline.step(3), pipeline.step(3)] == [3, 1]
    assert place.stored() == [ROOT_CAME]
    assert len(place.matches) == 1
    assert pipeline.statistics["repeated"] == 3
    assert place.faults["s-1", "repeated"][0] == 1
    # Another process, with nothing in memory, knows it from the store.
    place.journal.append(Batch("s-1", "city", "cccccccc", 1, [encode(event)], AT))
    again = place.pipeline(engine)
    assert again.step() == 1
    assert (len(place.matches), again.statistics["stored"]) == (1, 0)
    assert place.store.mark().position == 5
