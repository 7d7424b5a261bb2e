"""One process leads: on PostgreSQL who holds the lock, also after it dies; on SQLite the only one there is."""

from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from sentinel.database import leader as module
from sentinel.database.connect import connect
from sentinel.database.leader import Leader
from tests.live.servers.postgres import PostgresServer
from tests.waiting import until

Make = Callable[[], Leader]


@pytest.fixture
def make(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> Iterator[Make]:
    """Return a function that makes what another process would have."""
    monkeypatch.setattr(module, "TRY_SECONDS", 0.0)
    made: list[tuple[Leader, object]] = []

    def another() -> Leader:
        engine = connect(postgres.url)
        made.append((Leader(engine), engine))
        return made[-1][0]

    yield another
    for leader, engine in made:
        leader.close()
        engine.dispose()  # type: ignore[attr-defined]


def test_on_sqlite_who_is_there_leads(tmp_path: Path) -> None:
    engine = connect(f"sqlite:///{tmp_path}/state.db")
    assert Leader(engine).leads()
    engine.dispose()


@pytest.mark.live
def test_one_leads_until_it_lets_go(make: Make) -> None:
    one, two = make(), make()
    assert [one.leads(), two.leads(), one.leads(), two.leads()] == [True, False, True, False]
    one.close()
    assert two.leads()
    assert not one.leads()


@pytest.mark.live
def test_who_loses_its_session_leads_no_more_when_another_does(make: Make, postgres: PostgresServer) -> None:
    one, two = make(), make()
    assert one.leads()
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        ended = connection.execute(
            "SELECT count(pg_terminate_backend(pid)) FROM pg_locks WHERE locktype = 'advisory' AND granted"
        ).fetchone()
    assert ended == (1,)
    until(two.leads, what="the other one leads")
    assert not one.leads()


@pytest.mark.live
def test_who_only_asks_keeps_no_session(make: Make, postgres: PostgresServer) -> None:
    one, two = make(), make()
    assert one.leads()
    for _ in range(5):
        assert not two.leads()
    with psycopg.connect(postgres.url) as connection:
        row = connection.execute(
            "SELECT count(*) FROM pg_stat_activity "
            "WHERE query LIKE '%pg_try_advisory_lock%' AND pid <> pg_backend_pid()"
        ).fetchone()
    assert row == (1,)
