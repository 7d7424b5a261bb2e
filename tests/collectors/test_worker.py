"""A worker: what goes wrong with an input or the disk is said, and nothing that was read is lost."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from collectors.reading import GAP, Reading
from collectors.spool import Spool
from collectors.worker import Worker
from sentinel.errors import UnavailableError

AT = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
Step = Callable[[], list[Reading]]


class Script:
    """An input that does what its script says, one step a read, and then stops the worker."""

    name = "script"

    def __init__(self, steps: list[Step], stop: threading.Event) -> None:
        self.steps = steps
        self.stop = stop
        self.opened: list[str | None] = []
        self.closed = 0
        self.count = 0

    def open(self, cursor: str | None) -> None:
        self.opened.append(cursor)

    def read(self, limit: int, wait_seconds: float) -> tuple[list[Reading], str]:
        if not self.steps:
            self.stop.set()
            return [], str(self.count)
        readings = self.steps.pop(0)()
        self.count += len(readings)
        return readings, str(self.count)

    def close(self) -> None:
        self.closed += 1


def lines(*raws: str, dataset: str = "linux.auth") -> Step:
    return lambda: [Reading(dataset, raw, AT) for raw in raws]


def fail(error: Exception) -> Step:
    def step() -> list[Reading]:
        raise error

    return step


@pytest.fixture
def spool(tmp_path: Path) -> Iterator[Spool]:
    spool = Spool(tmp_path, limit_bytes=1_000_000, host="web1", now=lambda: AT)
    yield spool
    spool.close()


def work(spool: Spool, steps: list[Step]) -> tuple[Script, Worker]:
    stop = threading.Event()
    script = Script(steps, stop)
    worker = Worker("script", "file", lambda: script, spool, retry_seconds=0.001)
    worker.run(stop)
    return script, worker


def kept(spool: Spool) -> list[str]:
    batch = spool.batch(1000, 1 << 20)
    return [] if batch is None else [json.loads(line)["raw"] for line in batch.lines]


def test_readings_and_cursor_are_kept(spool: Spool) -> None:
    script, worker = work(spool, [lines("a", "b"), lines(), lines("c", dataset=GAP)])
    assert kept(spool) == ["a", "b", "c"]
    assert spool.cursor("script") == "3"
    state = worker.state
    assert (state.state, state.readings, state.gaps, state.trouble) == ("reading", 3, 1, "")
    assert script.closed == 1


@pytest.mark.parametrize("error", [UnavailableError("no permission"), ValueError("a fault of ours")])
def test_an_input_that_fails_is_opened_again_at_its_cursor(spool: Spool, error: Exception) -> None:
    script, _ = work(spool, [lines("a"), fail(error), lines("b")])
    assert kept(spool) == ["a", "b"]
    assert script.opened == [None, "1"]
    assert script.closed == 2


def test_a_failing_input_says_why(spool: Spool) -> None:
    stop = threading.Event()
    worker = Worker("x", "evtx", lambda: (stop.set(), missing())[1], spool, retry_seconds=0.001)

    def missing() -> Script:
        raise UnavailableError("needs the extra 'evtx'")

    worker.run(stop)
    assert worker.state.state == "failing"
    assert worker.state.trouble == "needs the extra 'evtx'"


def test_what_was_read_is_held_while_the_disk_refuses(spool: Spool) -> None:
    database = spool._file._connection
    assert database is not None
    spool.append([], "other", "0")
    database.execute(f"PRAGMA max_page_count = {database.execute('PRAGMA page_count').fetchone()[0]}")
    stop = threading.Event()
    script = Script([lines("x" * 50_000), lines("after")], stop)
    worker = Worker("script", "file", lambda: script, spool, retry_seconds=0.001)
    thread = threading.Thread(target=worker.run, args=(stop,))
    thread.start()
    # The worker is waiting as soon as it says so; a deadline ends the test, not a pause.
    deadline = threading.Event()
    timer = threading.Timer(20, deadline.set)
    timer.start()
    while worker.state.state != "waiting" and not deadline.is_set():
        pass
    timer.cancel()
    assert "free some space" in worker.state.trouble
    database.execute("PRAGMA max_page_count = 1000000")
    thread.join(30)
    assert [len(raw) for raw in kept(spool)] == [50_000, 5]
    assert script.opened == [None]
