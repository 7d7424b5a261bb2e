"""From received lines to stored records: in order, once, and past whatever one event does."""

import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from sentinel.detect.engine import Engine
from sentinel.detect.load import load_rules
from sentinel.errors import UnavailableError
from sentinel.event import Event, encode
from sentinel.journal import Batch
from sentinel.model.match import Match
from sentinel.model.record import Record
from sentinel.normalise import normalise
from sentinel.pipeline import ATTEMPTS, MAX_BROKEN, Pipeline
from sentinel.store import Mark
from tests.place import AT, OTHER_CAME, ROOT_CAME, Place
from tests.store.examples import city
from tests.survivor import CountingEngine
from tests.waiting import until

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
