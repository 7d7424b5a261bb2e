"""A full disk: nothing is kept by half, and all goes on when there is room again."""

import os
import random
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel.errors import UnavailableError
from sentinel.journal import Batch
from sentinel.journal.local import LocalJournal
from sentinel.store import Mark
from sentinel.store.local import LocalStore
from tests.store.examples import city, record

AT = "2026-11-23T08:00:00.000000Z"


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Path]:
    """Return a disk of 4 MB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    if os.geteuid() != 0:
        pytest.skip("making a small disk needs root")
    made = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], capture_output=True, check=False)
    if made.returncode != 0:
        pytest.skip("this machine does not let root mount a small disk")
    yield folder
    subprocess.run(["umount", "--lazy", folder], check=True)


def fill(disk: Path) -> Path:
    """Take all the room that is left."""
    ballast = disk / "ballast"
    with ballast.open("wb", buffering=0) as file:
        for size in (65536, 4096, 1):
            try:
                while file.write(b"x" * size):
                    pass
            except OSError:
                continue
    return ballast


def noise(seed: int) -> str:
    return random.Random(seed).randbytes(100_000).hex()


def test_the_store_keeps_nothing_by_half_and_recovers(disk: Path) -> None:
    store = LocalStore(disk / "store")
    store.add([record(1)], Mark(1, b"before"))
    ballast = fill(disk)
    with pytest.raises(UnavailableError, match="disk"):
        store.add([record(2, message=noise(2))], Mark(2, b"after"))
    assert store.mark() == Mark(1, b"before")
    assert store.search(city()).total == 1
    ballast.unlink()
    assert store.add([record(2, message=noise(2))], Mark(2, b"after")) == 1
    assert store.mark() == Mark(2, b"after")
    assert store.search(city()).total == 2
    assert not list((disk / "store").glob("*.tmp"))
    store.close()


def test_merging_on_a_full_disk_loses_nothing(disk: Path) -> None:
    store = LocalStore(disk / "store")
    for number in range(10):
        store.add([record(number, message=noise(number))], Mark(number))
    ballast = fill(disk)
    with pytest.raises(UnavailableError, match="disk"):
        store.maintain()
    assert store.search(city()).total == 10
    ballast.unlink()
    store.maintain()
    assert store.search(city()).total == 10
    assert store.verify() == 1
    store.close()


def test_a_projection_that_finds_no_room_costs_nothing(disk: Path) -> None:
    store = LocalStore(disk / "store", least_projected=1)
    store.add([record(1, host__name=noise(1))], Mark(1))
    ballast = fill(disk)
    with pytest.raises(UnavailableError, match="disk"):
        store.maintain()
    assert not list((disk / "store").glob("*.tmp"))
    assert store.search(city()).total == 1
    ballast.unlink()
    store.maintain()
    assert len(list((disk / "store").glob("*.projection"))) == 1
    assert store.search(city()).total == 1
    store.close()


def test_the_journal_keeps_nothing_by_half_and_recovers(disk: Path) -> None:
    journal = LocalJournal(disk / "journal.db")
    text = '{"dataset":"d","host":"h","seen_at":"2026-11-23T08:00:00+00:00","raw":"%s"}'

    def send(first: int, raw: str) -> int:
        lines = [(text % raw).encode()]
        return journal.append(
            Batch(collector="c", agency="city", epoch="aaaaaaaa", first=first, lines=lines, received_at=AT)
        )

    send(1, "a")
    ballast = fill(disk)
    with pytest.raises(UnavailableError, match="disk"):
        send(2, noise(1))
    assert (journal.end(), journal.last_sequence("c", "aaaaaaaa")) == (1, 1)
    ballast.unlink()
    assert send(2, noise(1)) == 2
    assert [entry.fault for entry in journal.read(0, 9)] == ["", ""]
    journal.close()
