"""Processes: what starts and ends is seen, with the hash of what really runs."""

import hashlib
import json
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from collectors.host.facts import HashCache
from collectors.host.processes import ProcessesInput
from collectors.settings import ProcessesSettings
from sentinel.event import Event
from sentinel.normalise.parsers.linux_process import NAMES


@pytest.fixture
def processes() -> Iterator[ProcessesInput]:
    source = ProcessesInput(ProcessesSettings(name="processes", interval_seconds=0.05))
    yield source
    source.close()


def events(source: ProcessesInput) -> list[dict[str, Any]]:
    found, _ = source.read(100_000, 5.0)
    return [json.loads(reading.raw) for reading in found]


def wait_for(source: ProcessesInput, is_it: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
    for _ in range(400):
        for event in events(source):
            if is_it(event):
                return event
    raise AssertionError("not seen before the deadline")


def test_what_runs_already_is_info_and_what_starts_is_start(processes: ProcessesInput, tmp_path: Path) -> None:
    program = tmp_path / "harmless"
    shutil.copy("/bin/sleep", program)
    processes.open(None)
    first = events(processes)
    assert first
    assert {tuple(event["event.type"]) for event in first} == {("info",)}
    with subprocess.Popen([program, "60"], cwd=tmp_path) as child:
        start = wait_for(processes, lambda event: event["process.pid"] == child.pid)
        child.kill()
        child.wait()
        end = wait_for(processes, lambda event: event["process.pid"] == child.pid)
    assert start["event.type"] == ["start"]
    assert start["process.executable"] == str(program)
    assert start["process.args"] == [str(program), "60"]
    assert start["process.working_directory"] == str(tmp_path)
    assert start["process.hash.sha256"] == hashlib.sha256(program.read_bytes()).hexdigest()
    assert start["@timestamp"] == start["process.start"]
    assert start["process.parent.name"]
    assert start["user.name"]
    assert end["event.type"] == ["end"]
    assert end["process.entity_id"] == start["process.entity_id"]


def test_only_names_the_server_takes_are_sent(processes: ProcessesInput) -> None:
    processes.open(None)
    for event in events(processes):
        assert event.keys() <= NAMES


def test_what_started_while_the_collector_was_stopped_is_a_start(processes: ProcessesInput) -> None:
    processes.open(None)
    _, cursor = processes.read(100_000, 5.0)
    processes.close()
    with subprocess.Popen(["/bin/sleep", "60"]) as child:
        processes.open(cursor)
        event = wait_for(processes, lambda event: event["process.pid"] == child.pid)
        child.kill()
    assert event["event.type"] == ["start"]


def test_the_cursor_stays_while_nothing_happens(processes: ProcessesInput) -> None:
    processes.open(None)
    _, first = processes.read(100_000, 5.0)
    readings, second = processes.read(100_000, 0.0)
    assert first == second or readings


def test_a_hash_is_bounded_and_cached(tmp_path: Path) -> None:
    small, large = tmp_path / "small", tmp_path / "large"
    small.write_bytes(b"x")
    large.write_bytes(b"x" * 100)
    cache = HashCache(10)
    assert cache.sha256(str(small)) == hashlib.sha256(b"x").hexdigest()
    assert cache.sha256(str(large)) is None
    assert cache.sha256(str(tmp_path / "nowhere")) is None
    small.write_bytes(b"yy")
    assert cache.sha256(str(small)) == hashlib.sha256(b"yy").hexdigest()


def test_the_server_reads_what_is_sent(processes: ProcessesInput) -> None:
    from sentinel.normalise import normalise

    processes.open(None)
    found, _ = processes.read(100_000, 5.0)
    for sequence, reading in enumerate(found):
        event = Event(
            collector="c",
            epoch="e",
            sequence=sequence,
            dataset=reading.dataset,
            host="h",
            seen_at=reading.seen_at,
            raw=reading.raw,
        )
        record = normalise(event, agency="a", received_at=None)
        assert record.fields["event.kind"] == "event", record.fields.get("error.message")
