"""Sources that several processes hear: each takes over what the others wrote, and loses nothing of its own."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import Engine

from sentinel.database.connect import connect, migrate
from sentinel.event import Event
from sentinel.journal import Entry
from sentinel.model.record import Record
from sentinel.selfwatch.sources import Sources


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Engine]:
    engine = connect(f"sqlite:///{tmp_path}/state.db")
    migrate(engine)
    yield engine
    engine.dispose()


def hear(sources: Sources, collector: str, minute: int) -> None:
    at = datetime(2026, 11, 23, 8, minute, tzinfo=UTC)
    event = Event(
        collector=collector, epoch="aaaaaaaa", sequence=1, dataset="linux.auth", host="h", seen_at=at, raw="x"
    )
    entry = Entry(0, "city", f"2026-11-23T08:{minute:02}:00.000000Z", event)
    sources.see([entry], [Record("r", {"event.kind": "event"})])


def last(sources: Sources) -> dict[str, str]:
    return {each.collector: each.last_at[14:16] for each in sources.all()}


def test_what_others_heard_later_is_taken_over_and_what_was_heard_here_stays(database: Engine) -> None:
    one, two = Sources(database), Sources(database)
    hear(one, "c1", 1)
    hear(two, "c2", 2)
    one.flush()
    hear(two, "c1", 5)
    two.flush()
    hear(one, "c3", 3)
    one.refresh()
    assert last(one) == {"c1": "05", "c2": "02", "c3": "03"}
    one.flush()
    two.refresh()
    assert last(two) == last(one)
