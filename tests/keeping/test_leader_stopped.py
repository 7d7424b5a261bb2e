"""A leader that is stopped for longer than its lease and wakes up in the middle of its work changes nothing."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest
from sqlalchemy import Engine, func, insert, select

from sentinel.accounts.agencies import Agencies
from sentinel.accounts.agency_file import parse
from sentinel.audit import Audit
from sentinel.database import leader as module
from sentinel.database.connect import connect, migrate, reading
from sentinel.database.leader import Leader
from sentinel.database.tables import alerts
from sentinel.model.moment import to_text
from sentinel.store import Mark
from sentinel.store.local import LocalStore
from tests.database.fresh import TREE
from tests.database.test_released import value
from tests.keeping.leading import NOW
from tests.live.servers.postgres import PostgresServer
from tests.store.examples import city, record
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.slow]

ROOT = Path(__file__).parents[2]
IDLE_SECONDS = 2
"""How long a leader may be silent here before it is let go."""
COUNT = 3


@pytest.fixture
def database(postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return a database of its own with an alert that is past its time."""
    name = "stopped_leader"
    with psycopg.connect(postgres.url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE IF EXISTS {name} WITH (FORCE)")
        connection.execute(f"CREATE DATABASE {name}")
    monkeypatch.setattr(module, "TRY_SECONDS", 0.0)
    url = postgres.url.rpartition("/")[0] + f"/{name}"
    engine = connect(url)
    migrate(engine)
    Agencies(engine).load(parse({"tree.json": TREE}))
    long_ago = to_text(NOW)
    row = {column.name: value(alerts, column.name, 1) for column in alerts.columns}
    row |= {
        "agency": "city",
        "state": "closed",
        "incident": None,
        "first_at": long_ago,
        "last_at": long_ago,
        "changed_at": long_ago,
    }
    with engine.begin() as connection:
        connection.execute(insert(alerts).values(row))
    engine.dispose()
    return url


@pytest.fixture
def engine(database: str) -> Iterator[Engine]:
    made = connect(database)
    yield made
    made.dispose()


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    store = LocalStore(tmp_path / "store", clock=lambda: NOW)
    for number in range(COUNT):
        store.add([record(number)], Mark(number + 1))
    store.close()
    return tmp_path / "store"


@contextmanager
def leading(database: str, folder: Path) -> Iterator["subprocess.Popen[str]"]:
    """Give a process that leads and is about to delete."""
    command = [sys.executable, "-m", "tests.keeping.leading", database, str(folder), str(IDLE_SECONDS)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=ROOT) as process:
        assert process.stdout
        try:
            assert process.stdout.readline() == "planned\n"
            yield process
        finally:
            process.send_signal(signal.SIGCONT)
            process.kill()


def goes_on(process: "subprocess.Popen[str]") -> str:
    """Let the process delete what it has planned; return what it says in the end."""
    return process.communicate("now\n", timeout=60)[0].strip()


def left(engine: Engine, folder: Path) -> tuple[int, int]:
    """Return how many events and alerts are there."""
    store = LocalStore(folder)
    events = store.search(city()).total
    store.close()
    with reading(engine) as connection:
        return events, int(connection.execute(select(func.count()).select_from(alerts)).scalar_one())


def test_who_leads_deletes(database: str, engine: Engine, folder: Path) -> None:
    with leading(database, folder) as process:
        assert not Leader(engine).leads()
        assert goes_on(process) == f"deleted {COUNT} {{'alerts': 1}}"
    assert left(engine, folder) == (0, 0)


def test_who_was_stopped_for_longer_than_its_lease_deletes_nothing(database: str, engine: Engine, folder: Path) -> None:
    other = Leader(engine)
    with leading(database, folder) as process:
        assert not other.leads()
        os.kill(process.pid, signal.SIGSTOP)
        until(other.leads, what="another one leads", seconds=60)
        before = len(Audit(engine).entries())
        os.kill(process.pid, signal.SIGCONT)
        assert goes_on(process).startswith("StoppedError")
        assert other.leads()
    assert left(engine, folder) == (COUNT, 1)
    assert len(Audit(engine).entries()) == before
    other.close()


def test_who_leads_again_does_not_go_on_with_what_it_began_before(database: str, engine: Engine, folder: Path) -> None:
    """Another one has led meanwhile and has gone: what was planned before may be wrong by now."""
    other = Leader(engine)
    with leading(database, folder) as process:
        os.kill(process.pid, signal.SIGSTOP)
        until(other.leads, what="another one leads", seconds=60)
        other.close()
        os.kill(process.pid, signal.SIGCONT)
        assert goes_on(process).startswith("StoppedError")
    assert left(engine, folder) == (COUNT, 1)


def test_a_term_ends_with_its_session(postgres: PostgresServer, engine: Engine) -> None:
    leader = Leader(engine)
    term = leader.term()
    assert term is not None
    assert not term.is_set()
    leader.close()
    assert term.is_set()
    later = leader.term()
    assert later is not None
    assert not later.is_set()
    assert term.is_set(), "its time is over for ever"
    leader.close()
