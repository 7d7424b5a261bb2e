"""Promises of the keeper: what is past its time goes and is audited, what is held or unfinished stays."""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Engine, Table, func, insert, select

from sentinel.accounts.agencies import Agencies
from sentinel.audit import Audit
from sentinel.database.connect import reading
from sentinel.database.storage_tables import hunt_hits, hunts, metadata, quarantine
from sentinel.database.tables import alert_matches, alerts, incidents, runs
from sentinel.errors import UnavailableError
from sentinel.keeping.holds import Holds
from sentinel.keeping.keeper import EVERY, Keeper
from sentinel.keeping.terms import make
from sentinel.model.moment import to_text
from sentinel.store import Mark, Stop
from sentinel.store.expiry import Expired, Expiry
from sentinel.store.local import LocalStore
from tests.database.test_released import value
from tests.store.examples import city, record

NOW = datetime(2026, 11, 23, 9, tzinfo=UTC)
LONG_AGO = to_text(NOW - timedelta(days=2000))
LATELY = to_text(NOW - timedelta(days=20))


@pytest.fixture
def clock() -> list[datetime]:
    return [NOW]


@pytest.fixture
def store(tmp_path: Path, clock: list[datetime]) -> Iterator[LocalStore]:
    made = LocalStore(tmp_path / "store", grace=timedelta(0), clock=lambda: clock[0])
    yield made
    made.close()


@pytest.fixture
def holds(engine: Engine, log: Audit) -> Holds:
    return Holds(engine, log, Agencies(engine))


@pytest.fixture
def keeper(engine: Engine, log: Audit, store: LocalStore, holds: Holds, clock: list[datetime]) -> Keeper:
    return Keeper(store, engine, log, holds, make(level=3, days={}, levels={}), clock=lambda: clock[0])


def put(engine: Engine, table: Table, **changes: object) -> None:
    """Insert a row with something in every column."""
    row: dict[str, Any] = {column.name: value(table, column.name, 1) for column in table.columns}
    with engine.begin() as connection:
        connection.execute(insert(table).values(row | {"agency": "dept-a"} if "agency" in row else row).values(changes))


def number(engine: Engine, table: Table) -> int:
    with reading(engine) as connection:
        return int(connection.execute(select(func.count()).select_from(table)).scalar_one())


def test_events_go_when_their_class_is_past_its_time_and_the_audit_log_says_so(
    keeper: Keeper, store: LocalStore, log: Audit, clock: list[datetime]
) -> None:
    store.add([record(1, event__dataset="network.flow"), record(2, event__dataset="linux.auth")], Mark(2))
    clock[0] += timedelta(days=91)
    assert not keeper.work(clock[0]).events
    assert log.entries() == []
    clock[0] += timedelta(days=2)
    assert [(each.dataset, each.records) for each in keeper.preview(clock[0]).events] == [("network.flow", 1)]
    gone = keeper.work(clock[0])
    assert [(each.dataset, each.records) for each in gone.events] == [("network.flow", 1)]
    assert [each.id for each in store.search(city()).records] == [record(2).id]
    before, after = log.entries()
    assert (before.action, after.action) == ("events.expiring", "events.expired")
    assert before.detail == after.detail == {
        "value": 1, "unit": "events", "holds": 0, "others": 0,
        "datasets": {"network.flow": [1, "2026-11-23T08:00:01.000000Z", "2026-11-23T08:00:01.000000Z"]},
    }  # fmt: skip


def test_held_events_outlive_their_time(keeper: Keeper, store: LocalStore, holds: Holds, clock: list[datetime]) -> None:
    hold = holds.place("an", agency="dept-a", dataset="network.*", why="order 1")
    store.add([record(1, agency="dept-a", event__dataset="network.flow")], Mark(1))
    store.add([record(2, agency="dept-b", event__dataset="network.flow")], Mark(2))
    clock[0] += timedelta(days=100)
    keeper.work(clock[0])
    assert [each.id for each in store.scan(city())] == [record(1).id]
    holds.lift("an", hold.id, "order 2")
    keeper.work(clock[0])
    assert list(store.scan(city())) == []


def test_no_deletion_lacks_its_entry_whenever_it_is_killed(
    keeper: Keeper, store: LocalStore, log: Audit, clock: list[datetime], monkeypatch: pytest.MonkeyPatch
) -> None:
    store.add([record(1, event__dataset="network.flow")], Mark(1))
    clock[0] += timedelta(days=100)

    def killed(_order: Expiry, _stop: Stop | None) -> Sequence[Expired]:
        raise UnavailableError("the disk reports an error")

    monkeypatch.setattr(store, "expire", killed)
    with pytest.raises(UnavailableError):
        keeper.look()
    assert [entry.action for entry in log.entries()] == ["events.expiring"]
    monkeypatch.undo()
    keeper.look()
    assert [entry.action for entry in log.entries()] == ["events.expiring", "events.expiring", "events.expired"]


def test_it_looks_only_so_often(keeper: Keeper, store: LocalStore, clock: list[datetime]) -> None:
    keeper.look()
    store.add([record(1, event__dataset="network.flow")], Mark(1))
    clock[0] += timedelta(days=100)
    keeper.look()
    assert list(store.scan(city())) == []
    store.add([record(2, event__dataset="network.flow")], Mark(2))
    clock[0] += EVERY - timedelta(seconds=1)
    keeper.look()
    assert len(list(store.scan(city()))) == 1


def test_a_closed_incident_goes_with_all_that_hangs_on_it(keeper: Keeper, engine: Engine, log: Audit) -> None:
    order = [table for table in metadata.sorted_tables if table.name not in ("audit", "agencies")]
    times = {"closed_at": LONG_AGO, "opened_at": LONG_AGO, "ended_at": LONG_AGO, "at": LATELY, "changed_at": LATELY}
    for table in order:
        changes = {name: text for name, text in times.items() if name in table.columns}
        put(engine, table, **(changes | ({"state": "closed"} if table is incidents else {})))
    hanging = ("commands", "effects", "approvals", "steps", "runs", "alerts", "alert_matches", "incident_entries")
    assert keeper.preview(NOW).rows == {"incidents": 1}
    assert keeper.work(NOW).rows == {"incidents": 1}
    left = {table.name for table in order if number(engine, table)}
    assert left == {table.name for table in order} - {"incidents", *hanging}
    (entry,) = log.entries()
    assert (entry.action, entry.detail["value"], entry.detail["last"]) == ("incidents.expired", 1, LONG_AGO)


@pytest.mark.parametrize(
    "spoil",
    [
        lambda engine, holds: put(engine, incidents, state="open", opened_at=LONG_AGO, closed_at=None),
        lambda engine, holds: put(engine, incidents, state="closed", opened_at=LONG_AGO, closed_at=LATELY),
        lambda engine, holds: (
            put(engine, incidents, state="closed", opened_at=LONG_AGO, closed_at=LONG_AGO),
            put(engine, runs, ended_at=None),
        ),
        lambda engine, holds: (
            put(engine, incidents, state="closed", opened_at=LONG_AGO, closed_at=LONG_AGO),
            holds.place("an", agency="dept-a", dataset="*", why="order"),
        ),
    ],
    ids=["open", "young", "at work", "held"],
)
def test_an_incident_that_is_not_over_stays(
    keeper: Keeper, engine: Engine, holds: Holds, spoil: Callable[[Engine, Holds], object]
) -> None:
    spoil(engine, holds)
    assert keeper.work(NOW).rows == {}
    assert number(engine, incidents) == 1


def test_alerts_lines_set_aside_and_hunts_have_their_own_times(keeper: Keeper, engine: Engine) -> None:
    old = {"first_at": LONG_AGO, "last_at": LONG_AGO, "changed_at": LONG_AGO, "incident": None}
    put(engine, alerts, state="closed", **old)
    put(engine, alert_matches)
    put(engine, alerts, id="2", state="new", **old)
    put(engine, alerts, id="3", state="closed", **{**old, "changed_at": LATELY, "last_at": LATELY})
    put(engine, quarantine, at=LONG_AGO)
    put(engine, quarantine, id="2", at=LATELY)
    put(engine, hunts, changed_at=LONG_AGO)
    put(engine, hunt_hits)
    assert keeper.work(NOW).rows == {"alerts": 1, "quarantine": 1, "hunts": 1}
    assert [number(engine, table) for table in (alerts, alert_matches, quarantine, hunts, hunt_hits)] == [2, 0, 1, 0, 0]
