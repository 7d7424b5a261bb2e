"""What a search of the embedded store may cost at most: time, memory, disk; and nothing for somebody who has gone."""

import secrets
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest

from sentinel.errors import UnavailableError
from sentinel.store import Mark, StoppedError
from sentinel.store.finding import bounded
from sentinel.store.local import LocalStore
from sentinel.store.session import Limits, session
from tests.store.examples import city, record

Database = duckdb.DuckDBPyConnection
COUNT, LENGTH = 10_000, 2_000
ENDLESS = "SELECT count(*) FROM range(1_000_000_000_000) AS t(i) WHERE md5(i::VARCHAR) = 'x'"
NOISE = " || ".join(f"md5((i * 10 + {number})::VARCHAR)" for number in range(10))
KEPT = f"CREATE TEMP TABLE kept AS SELECT {NOISE} AS x FROM range(200_000) AS t(i)"
"""What a costly search does with its hits; 64 MB that cannot be made smaller."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a store with values that take 20 MB, all different."""
    made = tmp_path_factory.mktemp("costs") / "store"
    store = LocalStore(made)
    store.add([record(number, user__name=secrets.token_hex(LENGTH // 2)) for number in range(COUNT)], Mark(1))
    store.close()
    return made


def peak_bytes() -> int:
    """Return the most memory that this process has had since `forget_peak`."""
    return _status("VmHWM")


def forget_peak() -> int:
    """Begin to measure anew; return the memory used now."""
    Path("/proc/self/clear_refs").write_text("5")
    return _status("VmRSS")


def _status(name: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith(name))


def test_a_search_that_takes_too_long_ends_with_what_to_do(folder: Path) -> None:
    store = LocalStore(folder, limits=Limits(seconds=0.001))
    with pytest.raises(UnavailableError, match=r"longer than 0\.001 seconds; narrow the time range or name a field"):
        store.search(city("user.name:/.*a.*b.*c.*/", sort="user.name"))
    with pytest.raises(UnavailableError, match=r"longer than 0\.001 seconds"):
        list(store.scan(city("user.name:/.*a.*b.*c.*/")))
    store.close()


def test_a_search_that_needs_too_much_memory_ends_within_it(folder: Path) -> None:
    store = LocalStore(folder, limits=Limits(memory="24MB", temporary="1MB"))
    before = forget_peak()
    with pytest.raises(UnavailableError, match="more than 24MB of memory and 1MB of disk; narrow the time range"):
        store.search(city(top=("user.name",), limit=0))
    assert peak_bytes() - before < 100_000_000
    assert store.search(city("event.id:" + "0" * 40)).total == 1, "it goes on answering"
    store.close()


class Asked:
    """A thread that asks DuckDB something."""

    def __init__(self, database: Database, sql: str, limits: Limits, stop: threading.Event | None = None) -> None:
        self.error: Exception | None = None
        self._ask = (database, sql, limits, stop)
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def ended(self) -> Exception | None:
        self._thread.join(60)
        assert not self._thread.is_alive()
        return self.error

    def _run(self) -> None:
        database, sql, limits, stop = self._ask
        try:
            with session(database, limits, stop) as asked:
                asked.rows(sql)
        except (UnavailableError, StoppedError) as error:
            self.error = error


@pytest.fixture
def database(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Database]:
    made = bounded(tmp_path, request.param)
    yield made
    made.close()


NARROW_BYTES = 5_000_000
ROOMY = Limits(memory="48MB", temporary="1GB")
NARROW = Limits(memory="48MB", temporary="5MB")
BRIEF = Limits(seconds=0.2)


@pytest.mark.parametrize("database", [BRIEF], indirect=True)
def test_what_is_being_computed_is_broken_off_when_time_is_up(database: Database) -> None:
    began = time.monotonic()
    assert "longer than 0.2 seconds" in str(Asked(database, ENDLESS, BRIEF).ended())
    assert time.monotonic() - began < 30


@pytest.mark.parametrize("database", [ROOMY], indirect=True)
def test_what_is_being_computed_is_broken_off_when_nobody_waits(database: Database) -> None:
    stop = threading.Event()
    asked = Asked(database, ENDLESS, ROOMY, stop)
    assert asked.error is None
    stop.set()
    assert isinstance(asked.ended(), StoppedError)


@pytest.mark.parametrize("database", [ROOMY], indirect=True)
def test_what_does_not_fit_into_memory_goes_to_disk_until_the_end(database: Database, tmp_path: Path) -> None:
    before = forget_peak()
    with session(database, ROOMY, None) as asked:
        asked.rows(KEPT)
        assert used(tmp_path) > NARROW_BYTES
    assert used(tmp_path) == 0
    assert peak_bytes() - before < 150_000_000


@pytest.mark.parametrize("database", [NARROW], indirect=True)
def test_what_needs_more_disk_than_allowed_ends(database: Database, tmp_path: Path) -> None:
    assert "more than 48MB of memory and 5MB of disk" in str(Asked(database, KEPT, NARROW).ended())
    assert used(tmp_path) <= NARROW_BYTES


def used(folder: Path) -> int:
    """Return how many bytes of temporary files there are."""
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
