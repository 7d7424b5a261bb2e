"""The spool keeps what it took, in order and without gaps, whatever happens to it."""

import json
import resource
import shutil
import sqlite3
import threading
from datetime import UTC, datetime
from pathlib import Path
from tempfile import mkdtemp

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule

from collectors.chunk import is_placeholder, line_of
from collectors.reading import GAP, Reading
from collectors.spool import Batch, Spool
from collectors.spool_tables import peek
from sentinel.errors import UnavailableError
from sentinel.event import MAX_LINE_BYTES, decode

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
LIMIT = 10_000_000


def reading(raw: str) -> Reading:
    return Reading("linux.auth", raw, AT, {"log.offset": 1})


def open_spool(folder: Path, limit: int = LIMIT) -> Spool:
    return Spool(folder, limit_bytes=limit, host="web1", now=lambda: AT)


def raws(batch: Batch | None) -> list[str]:
    return [] if batch is None else [json.loads(line)["raw"] for line in batch.lines]


def drain(spool: Spool) -> list[str]:
    found: list[str] = []
    while (batch := spool.batch(100, 1 << 20)) is not None:
        found += raws(batch)
        spool.acknowledge(batch.epoch, batch.last)
    return found


@pytest.fixture
def spool(tmp_path: Path) -> Spool:
    return open_spool(tmp_path)


def test_lines_come_back_in_order_as_events_of_the_contract(spool: Spool) -> None:
    assert spool.append([reading("one"), reading("two")], "log", "c1")
    batch = spool.batch(10, 1 << 20)
    assert batch is not None
    assert (batch.first, batch.last) == (1, 2)
    event = decode(batch.lines[1], collector="c", epoch=batch.epoch, sequence=2)
    assert (event.raw, event.host, event.seen_at, event.hints) == ("two", "web1", AT, {"log.offset": 1})


def test_lines_and_cursor_survive_a_kill_together(spool: Spool, tmp_path: Path) -> None:
    spool.append([reading("one")], "log", "c1")
    # A copy of the files, journal included, is what a kill -9 leaves.
    copy = tmp_path / "copy"
    copy.mkdir()
    for file in tmp_path.glob("spool.db*"):
        shutil.copy(file, copy)
    again = open_spool(copy)
    assert again.cursor("log") == "c1"
    assert drain(again) == ["one"]
    assert again.epoch == spool.epoch


def test_only_what_is_acknowledged_is_forgotten(spool: Spool, tmp_path: Path) -> None:
    spool.append([reading(str(n)) for n in range(10)], "log", "c")
    spool.acknowledge(spool.epoch, 4)
    assert raws(spool.batch(100, 1 << 20)) == ["4", "5", "6", "7", "8", "9"]
    spool.acknowledge("another epoch", 9)
    spool.close()
    again = open_spool(tmp_path)
    batch = again.batch(100, 1 << 20)
    assert batch is not None
    assert batch.first == 5
    assert again.state().events == 6


def test_a_batch_is_bounded_but_never_empty(spool: Spool) -> None:
    spool.append([reading("x" * 1000) for _ in range(10)], "log", "c")
    assert len(raws(spool.batch(3, 1 << 20))) == 3
    assert len(raws(spool.batch(100, 2500))) == 2
    assert len(raws(spool.batch(100, 10))) == 1


def test_a_full_spool_waits_and_drops_nothing(tmp_path: Path) -> None:
    spool = open_spool(tmp_path, limit=2_000)
    assert spool.append([reading("x" * 1500)], "log", "c1")
    stop = threading.Event()
    stop.set()
    assert not spool.append([reading("y" * 1500)], "log", "c2", stop)
    assert spool.cursor("log") == "c1"
    assert spool.state().is_full
    done = threading.Event()

    def append() -> None:
        spool.append([reading("y" * 1500)], "log", "c2")
        done.set()

    thread = threading.Thread(target=append)
    thread.start()
    assert not done.is_set()
    spool.acknowledge(spool.epoch, 1)
    assert done.wait(20)
    thread.join()
    assert raws(spool.batch(10, 1 << 20)) == ["y" * 1500]
    assert not spool.state().is_full


def test_something_larger_than_the_spool_passes_when_it_is_empty(tmp_path: Path) -> None:
    spool = open_spool(tmp_path, limit=1_000)
    assert spool.append([reading("x" * 5_000)], "log", "c")
    assert len(drain(spool)) == 1


def test_a_damaged_chunk_becomes_placeholders_and_the_rest_goes_on(spool: Spool, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        spool.append([reading(name), reading(name)], "log", name)
    spool.close()
    with sqlite3.connect(tmp_path / "spool.db") as database:
        database.execute("UPDATE chunks SET body = replace(body, 'b', 'd') WHERE first = 3")
    database.close()
    again = open_spool(tmp_path)
    found = drain(again)
    assert found[:2] + found[4:] == ["a", "a", "c", "c"]
    assert all("1 of 2 events lost" in raw for raw in found[2:4])
    assert again.state().lost == 2


def test_a_missing_chunk_leaves_no_hole_in_the_numbering(spool: Spool, tmp_path: Path) -> None:
    for name in ("a", "b", "c"):
        spool.append([reading(name)], "log", name)
    spool.close()
    with sqlite3.connect(tmp_path / "spool.db") as database:
        database.execute("DELETE FROM chunks WHERE first >= 2")
    database.close()
    found = drain(open_spool(tmp_path))
    assert found[0] == "a"
    assert len(found) == 3
    assert "missing on disk" in found[1]


@pytest.mark.parametrize("damage", ["garbage", "epoch", "counters", "overlap", "version", "torn"])
def test_a_damaged_file_never_prevents_the_start(spool: Spool, tmp_path: Path, damage: str) -> None:
    for n in range(300):
        spool.append([reading(f"{n} {'x' * 200}")], "log", f"c{n}")
    epoch = spool.epoch
    spool.close()
    path = tmp_path / "spool.db"
    statements = {
        "epoch": "UPDATE meta SET value = 'no epoch' WHERE name = 'epoch'",
        "counters": "UPDATE meta SET value = 1000000 WHERE name = 'acknowledged'",
        "overlap": "UPDATE chunks SET count = 5 WHERE first = 7",
        "version": "PRAGMA user_version = 7",
    }
    if damage in statements:
        with sqlite3.connect(path) as database:
            database.execute(statements[damage])
        database.close()
    else:
        content = bytearray(path.read_bytes())
        start = 0 if damage == "garbage" else len(content) // 2
        content[start : start + 20_000] = bytes(20_000)
        path.write_bytes(content)
    again = open_spool(tmp_path)
    found = drain(again)
    if damage == "torn":
        # Where the damage lies decides whether it is found at once or when the page is read.
        again.append([reading("after")], "log", "c")
        found += drain(again)
    assert again.epoch != epoch
    assert "the collector's spool was damaged" in "".join(found)
    assert len(list(tmp_path.glob("spool-damaged-*.db"))) == 1
    if damage in ("epoch", "version", "overlap"):
        assert sum("x" * 200 in raw for raw in found) >= 299
        assert again.cursor("log") == "c299"


def test_a_refused_line_is_set_aside_and_its_place_kept(spool: Spool) -> None:
    spool.append([reading("a"), reading("bad"), reading("c")], "log", "c")
    assert spool.set_aside(spool.epoch, 2, "too odd")
    batch = spool.batch(10, 1 << 20)
    assert batch is not None
    assert raws(batch) == ["a", "1 event set aside: too odd", "c"]
    assert is_placeholder(batch.lines[1])
    assert not spool.set_aside(spool.epoch, 2, "again")
    assert not spool.set_aside(spool.epoch, 9, "not there")
    assert spool.state().refused == 1


def test_a_new_epoch_counts_from_one_and_keeps_what_waits(spool: Spool) -> None:
    spool.append([reading(str(n)) for n in range(4)], "log", "c")
    old = spool.epoch
    spool.acknowledge(old, 2)
    spool.renew("the server knows better")
    batch = spool.batch(10, 1 << 20)
    assert batch is not None
    assert batch.epoch != old
    assert batch.first == 1
    assert raws(batch)[:2] == ["2", "3"]
    assert json.loads(batch.lines[2])["dataset"] == GAP


def test_a_repair_that_the_disk_interrupts_is_done_again_whole(spool: Spool, tmp_path: Path) -> None:
    for n in range(10):
        spool.append([reading(f"{n} {'x' * 100_000}")], "log", f"c{n}")
    spool.close()
    with sqlite3.connect(tmp_path / "spool.db") as database:
        database.execute("UPDATE meta SET value = 'no epoch' WHERE name = 'epoch'")
    database.close()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    # No file may grow beyond this, as on a disk where only a part of the repaired one has room.
    resource.setrlimit(resource.RLIMIT_FSIZE, (500_000, limits[1]))
    try:
        for _ in range(2):
            with pytest.raises(UnavailableError):
                open_spool(tmp_path)
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    again = open_spool(tmp_path)
    found = drain(again)
    assert [raw.partition(" ")[0] for raw in found[:10]] == [str(n) for n in range(10)]
    assert "10 waiting events were saved" in found[10]
    assert again.cursor("log") == "c9"
    assert not (tmp_path / "spool-salvaging.db").exists()


def test_a_full_disk_is_said_and_passes(spool: Spool) -> None:
    database = spool._file._connection
    assert database is not None
    spool.append([reading("before")], "log", "c0")
    pages = database.execute("PRAGMA page_count").fetchone()[0]
    database.execute(f"PRAGMA max_page_count = {pages + 2}")

    def fill() -> None:
        for n in range(100):
            spool.append([reading("x" * 5_000)], "log", f"c{n + 1}")

    with pytest.raises(UnavailableError, match="free some space"):
        fill()
    assert "full" in spool.state().trouble
    kept = spool.state().events
    assert spool.cursor("log") == f"c{kept - 1}"
    database.execute("PRAGMA max_page_count = 100000")
    assert spool.append([reading("after")], "log", "c")
    assert spool.state().trouble == ""
    assert drain(spool)[-1] == "after"


def test_a_line_longer_than_the_server_takes_is_cut_and_says_so() -> None:
    line = line_of(reading("\U0001f600" * 1_200_000), "h")
    assert len(line) <= MAX_LINE_BYTES
    assert json.loads(line)["hints"]["log.truncated"] is True


def test_peeking_does_not_open_for_writing(spool: Spool, tmp_path: Path) -> None:
    assert peek(tmp_path / "nowhere") is None
    spool.append([reading("one")], "log", "c1")
    assert peek(tmp_path) == (1, {"log": "c1"})


class SpoolMachine(RuleBasedStateMachine):
    """Any order of appending, sending, acknowledging, restarting and damage against a plain list."""

    @initialize()
    def begin(self) -> None:
        self.folder = Path(mkdtemp())
        self.spool = open_spool(self.folder)
        self.written: list[str] = []
        self.delivered: list[str] = []
        self.held: dict[str, list[str]] = {}
        self.count = 0

    @rule(sizes=st.lists(st.integers(0, 3000), max_size=30))
    def append(self, sizes: list[int]) -> None:
        new = [f"{self.count + n} {'x' * size}" for n, size in enumerate(sizes)]
        self.count += len(new)
        assert self.spool.append([reading(raw) for raw in new], "log", str(self.count))
        self.written += new

    @rule(events=st.integers(1, 50), is_answer_lost=st.booleans(), part=st.integers(0, 50))
    def send(self, events: int, is_answer_lost: bool, part: int) -> None:
        batch = self.spool.batch(events, 10_000)
        if batch is None:
            return
        ledger = self.held.setdefault(batch.epoch, [])
        assert batch.first <= len(ledger) + 1, "the ledger would meet a gap"
        ledger.extend(raws(batch)[len(ledger) + 1 - batch.first :])
        if not is_answer_lost:
            self.spool.acknowledge(batch.epoch, min(len(ledger), batch.first + part))

    @rule()
    def restart(self) -> None:
        self.spool.close()
        self.spool = open_spool(self.folder)

    @rule(which=st.integers(0, 5))
    def damage_a_chunk(self, which: int) -> None:
        self.spool.close()
        with sqlite3.connect(self.folder / "spool.db") as database:
            rows = database.execute("SELECT first, body FROM chunks ORDER BY first").fetchall()
            if rows:
                first, body = rows[which % len(rows)]
                database.execute("UPDATE chunks SET body = ? WHERE first = ?", (body[:-2] + b"?\n", first))
        database.close()
        self.spool = open_spool(self.folder)

    @invariant()
    def the_cursor_goes_with_the_lines(self) -> None:
        assert self.spool.cursor("log") in (None, str(self.count))

    def teardown(self) -> None:
        while (batch := self.spool.batch(50, 100_000)) is not None:
            ledger = self.held.setdefault(batch.epoch, [])
            ledger.extend(raws(batch)[len(ledger) + 1 - batch.first :])
            self.spool.acknowledge(batch.epoch, batch.last)
        (received,) = self.held.values() if self.held else ([],)
        assert len(received) == len(self.written)
        for got, sent in zip(received, self.written, strict=True):
            assert got == sent or "events lost" in got
        self.spool.close()
        shutil.rmtree(self.folder)


SpoolMachine.TestCase.settings = settings(
    max_examples=25, stateful_step_count=20, deadline=None, suppress_health_check=list(HealthCheck)
)
TestSpoolMachine = SpoolMachine.TestCase
