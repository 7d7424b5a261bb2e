"""Promises of repair: a lost manifest costs no event, a repeated one is not doubled, and nothing is deleted."""

import random
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from sentinel.errors import ConflictError, UnavailableError
from sentinel.model.record import Record
from sentinel.store import Mark
from sentinel.store.expiry import Expiry
from sentinel.store.local import LocalStore
from sentinel.store.repair import FileFaults, file_faults, make_anew, manifest_fault, rebuild
from tests.store.examples import city, record

LATER = "2200-01-01T00:00:00.000000Z"


def fill(folder: Path, batches: int = 12) -> list[Record]:
    """Make a store with merged, merged-away and odd segments; return what is in it."""
    store = LocalStore(folder)  # merged files stay for ten minutes
    for number in range(batches):
        odd = {"host__name": ["odd", "other"]} if number == 3 else {}
        store.add([record(2 * number, **odd), record(2 * number + 1, user__name="Hải")], Mark(2 * number + 2))
        if number == 9:
            store.maintain()
    found = list(store.scan(city()))
    store.close()
    return found


def lose(folder: Path) -> None:
    for path in folder.glob("manifest.db*"):
        path.unlink()


def spoil(folder: Path) -> None:
    path = folder / "manifest.db"
    for log in folder.glob("manifest.db-*"):
        log.unlink()
    path.write_bytes(random.Random(7).randbytes(path.stat().st_size))


@pytest.mark.parametrize("harm", [lose, spoil], ids=["lost", "damaged"])
def test_without_its_manifest_a_store_loses_and_doubles_nothing(tmp_path: Path, harm: Callable[[Path], None]) -> None:
    folder = tmp_path / "store"
    expected = fill(folder)
    files = sorted(path.name for path in folder.glob("*.parquet"))
    assert len(files) > 4
    assert manifest_fault(folder) == ""
    harm(folder)
    assert "manifest" in manifest_fault(folder)
    done = rebuild(folder)
    assert (done.events, done.damaged) == (len(expected), ())
    assert done.superseded >= 8, "what was merged away is there twice"
    assert manifest_fault(folder) == ""
    store = LocalStore(folder)
    assert list(store.scan(city())) == expected
    assert store.search(city("host.name:odd")).total == 1, "what does not fit its column is found"
    assert store.mark() == Mark(0)
    assert store.add(expected, Mark(24)) == 0, "each is known"
    assert store.add([record(99)], Mark(25)) == 1
    assert store.troubles() == ()
    store.close()
    kept = {path.name for path in folder.rglob("*.parquet")}
    assert set(files) <= kept, "nothing is deleted"


def test_a_store_whose_manifest_is_lost_refuses_to_clear_up(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    fill(folder)
    files = sorted(path.name for path in folder.glob("*.parquet"))
    lose(folder)
    store = LocalStore(folder)
    for act in (lambda: store.add([record(100)], Mark(1)), store.maintain):
        with pytest.raises(UnavailableError, match="doctor --repair"):
            act()
    store.close()
    assert sorted(path.name for path in folder.glob("*.parquet")) == files
    assert "knows none" in manifest_fault(folder)
    assert rebuild(folder).events == 24


def test_what_was_deleted_in_part_comes_back_at_most_once(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    store = LocalStore(folder)
    store.add([record(1, event__dataset="network.flow"), record(2), record(3)], Mark(3))
    store.expire(Expiry(before={"network.*": LATER}))
    store.close()
    assert len(list(folder.glob("*.parquet"))) == 2
    lose(folder)
    assert rebuild(folder).events == 3
    store = LocalStore(folder)
    assert sorted(int(each.id, 16) for each in store.scan(city())) == [1, 2, 3]
    store.close()


def test_a_damaged_segment_is_set_aside_and_named(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    expected = fill(folder)
    victim = sorted(folder.glob("*.parquet"))[-1]
    content = bytearray(victim.read_bytes())
    for place in range(len(content) // 4, len(content) // 2):
        content[place] ^= 0x55
    victim.write_bytes(content)
    lose(folder)
    done = rebuild(folder)
    assert len(done.damaged) == 1
    assert victim.name in done.damaged[0]
    assert (folder / "damaged" / victim.name).exists()
    store = LocalStore(folder)
    assert list(store.scan(city())) == expected[:-2]
    store.close()


def test_faults_of_files_are_found_and_ids_written_anew(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    expected = fill(folder)
    store = LocalStore(folder, grace=timedelta(0))
    store.maintain()
    store.close()
    assert file_faults(folder) == FileFaults()
    first, second, *_ = sorted(folder.glob("*.ids"))
    first.write_bytes(b"")
    second.unlink()
    assert file_faults(folder).made_anew == "the ids of 2 segments"
    assert not file_faults(folder).segments
    assert make_anew(folder) == "the ids of 2 segments"
    assert file_faults(folder) == FileFaults()
    victim = sorted(folder.glob("*.parquet"))[-1]
    victim.write_bytes(b"x")
    (fault,) = file_faults(folder).segments
    assert "2 events from" in fault
    store = LocalStore(folder)
    assert store.repair() == 1
    assert list(store.scan(city())) == expected[:-2]
    assert (folder / "damaged" / victim.name).exists()
    store.close()


def test_beside_a_writer_nothing_is_touched(tmp_path: Path) -> None:
    store = LocalStore(tmp_path / "store")
    store.add([record(1)], Mark(1))
    for repair in (rebuild, make_anew):
        with pytest.raises(ConflictError, match="another process writes"):
            repair(tmp_path / "store")
    store.close()
