"""A batch is stored and its mark is not moved: what is judged afterwards is what had not been judged, each once."""

from pathlib import Path

import pytest

from sentinel.errors import UnavailableError
from sentinel.event import decode
from sentinel.intake.lines import encoded
from sentinel.journal import Batch
from sentinel.journal.local import LocalJournal
from sentinel.normalise import normalise
from sentinel.pipeline import Pipeline
from sentinel.store.elastic.marks import Held, Marks
from sentinel.store.elastic.store import ElasticStore
from sentinel.wiring import Home
from tests.intake.test_lines import AT, TIMED
from tests.store.elastic.fake import FakeElastic
from tests.store.elastic.test_store_whole import place, settings
from tests.survivor import CountingEngine

__all__ = ["place", "settings"]


def test_repeats_in_it_are_judged_no_more_and_what_it_stored_is_judged_once(
    fake: FakeElastic, place: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = LocalJournal(tmp_path / "journal.db")
    move = Marks.move

    def send(keys: str, at: str) -> None:
        lines = [encoded(TIMED, key, AT) for key in keys]
        assert decode(lines[0], collector="s", epoch="e", sequence=1).key == keys[0]
        first = journal.last_sequence("s", "aaaaaaaa") + 1
        journal.append(Batch("s", "city", "aaaaaaaa", first, lines, at))

    def begin() -> tuple[Pipeline, CountingEngine]:
        engine = CountingEngine()
        return Pipeline(journal, place.store, engine, normalise, lambda matches: None), engine

    def fail(self: Marks, held: Held, mark: object) -> Held:
        raise UnavailableError("killed before the mark was moved")

    assert isinstance(place.store, ElasticStore)
    send("ab", "2026-11-23T08:00:00.000000Z")
    assert begin()[0].step() == 2
    send("abcd", "2026-11-23T08:00:01.000000Z")
    monkeypatch.setattr(Marks, "move", fail)
    with pytest.raises(UnavailableError):
        begin()[0].step()
    monkeypatch.setattr(Marks, "move", move)
    assert len(fake.stored) == 4, "it was stored, and nobody knows"
    # And its sender sent all of it once more before it was taken up again.
    send("abcde", "2026-11-23T08:00:02.000000Z")
    pipeline, engine = begin()
    while pipeline.step():
        pass
    assert engine.seen == 5
    assert len(fake.stored) == 5
    assert place.store.mark().position == journal.end()
    journal.close()
