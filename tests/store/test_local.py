"""What only the embedded store promises: damage, interrupted writes, one writer, merging."""

import resource
import sqlite3
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from sentinel.errors import ConflictError, UnavailableError
from sentinel.store import Mark, upkeep
from sentinel.store.compaction import choose
from sentinel.store.local import LocalStore
from sentinel.store.manifest import Segment
from tests.store.examples import CITY, city, record

Open = Callable[..., LocalStore]
NOW = datetime(2026, 11, 23, 9, 0, tzinfo=UTC)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return tmp_path / "store"


@pytest.fixture
def open_store(folder: Path) -> Iterator[Open]:
    opened: list[LocalStore] = []

    def open_it(**options: object) -> LocalStore:
        opened.append(LocalStore(folder, **options))  # type: ignore[arg-type]
        return opened[-1]

    yield open_it
    for store in opened:
        store.close()


def files(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.parquet"))


def damage(path: Path) -> None:
    content = bytearray(path.read_bytes())
    for place in range(len(content) // 4, len(content) // 2):
        content[place] ^= 0x55
    path.write_bytes(content)


@pytest.mark.parametrize("harm", [damage, lambda path: path.write_bytes(b""), lambda path: path.unlink()])
def test_a_damaged_segment_is_named_and_the_rest_goes_on(
    open_store: Open, folder: Path, harm: Callable[[Path], None]
) -> None:
    store = open_store()
    store.add([record(1), record(2)], Mark(2))
    store.add([record(3)], Mark(3))
    harm(files(folder)[0])
    found = store.search(city())
    assert ([each.id for each in found.records], found.unreadable) == ([record(3).id], 1)
    (fault,) = store.faults()
    assert fault.rows == 2
    assert "000000000001.parquet" in fault.reason
    assert "2 events" in store.troubles()[0]
    assert store.add([record(1), record(4)], Mark(5)) == 2
    assert store.search(city()).total == 3


@contextmanager
def no_descriptor_left() -> Iterator[None]:
    """Take away every further descriptor of this process meanwhile."""
    limits = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, limits)


def test_what_cannot_be_opened_now_is_not_damaged(open_store: Open, folder: Path) -> None:
    store = open_store()
    store.add([record(1), record(2)], Mark(2))
    store.add([record(3)], Mark(3))
    with no_descriptor_left():
        with pytest.raises(UnavailableError, match="Too many open files"):
            store.search(city())
        with pytest.raises(UnavailableError, match="Too many open files"):
            store.verify()
    assert len(files(folder)) == 2
    assert not store.faults()
    assert store.search(city()).total == 3


def test_a_search_beside_the_damage_in_time_is_whole(open_store: Open, folder: Path) -> None:
    store = open_store()
    store.add([record(1)], Mark(1))
    store.add([record(500)], Mark(2))
    damage(files(folder)[0])
    store.verify()
    assert store.search(city(start=record(400).at)).unreadable == 0
    assert store.search(city()).unreadable == 1


def test_damage_that_decodes_all_the_same_is_found_by_verifying(open_store: Open, folder: Path) -> None:
    store = open_store()
    store.add([record(1)], Mark(1))
    store.add([record(2)], Mark(2))
    with files(folder)[0].open("ab") as file:
        file.write(b"more")
    assert store.verify() == 1
    assert len(store.faults()) == 1
    assert (folder / "damaged" / files_name(1)).exists()


def files_name(number: int) -> str:
    return f"{number:012d}.parquet"


def test_a_reader_skips_damage_and_moves_nothing(open_store: Open, folder: Path) -> None:
    writer = open_store()
    writer.add([record(1)], Mark(1))
    writer.add([record(2)], Mark(2))
    damage(files(folder)[0])
    reader = open_store()
    assert reader.search(city()).total == 1
    assert len(reader.faults()) == 1
    assert len(files(folder)) == 2


def test_damaged_hashes_of_ids_are_made_anew(open_store: Open, folder: Path) -> None:
    store = open_store()
    store.add([record(1)], Mark(1))
    store.close()
    (folder / "000000000001.ids").write_bytes(b"12345678")
    store = open_store()
    assert store.add([record(1)], Mark(2)) == 0
    assert store.get(record(1).id, CITY) == record(1)


def test_what_an_interrupted_write_left_is_removed(open_store: Open, folder: Path) -> None:
    store = open_store()
    store.add([record(1)], Mark(1))
    store.close()
    leftovers = [folder / name for name in ("000000000002.parquet", "000000000002.ids", "000000000003.parquet.tmp")]
    for path in leftovers:
        path.write_bytes(b"half")
    store = open_store()
    store.add([record(2)], Mark(2))
    assert store.search(city()).total == 2
    assert not leftovers[2].exists()
    assert len(files(folder)) == 2


def test_a_second_writer_is_refused_but_may_read(open_store: Open) -> None:
    first, second = open_store(), open_store()
    first.add([record(1)], Mark(1))
    with pytest.raises(ConflictError, match="another process writes"):
        second.add([record(2)], Mark(2))
    assert second.search(city()).total == 1
    first.add([record(3)], Mark(3))
    assert second.search(city()).total == 2


def test_small_segments_are_merged_and_their_files_removed(open_store: Open, folder: Path) -> None:
    store = open_store(grace=timedelta(0))
    for number in range(70):
        store.add([record(number)], Mark(number))
    store.maintain()
    assert len(files(folder)) < 10
    assert store.search(city()).total == 70


def test_merged_files_stay_for_readers_as_long_as_the_grace(open_store: Open, folder: Path) -> None:
    clock = [NOW]
    store = open_store(grace=timedelta(minutes=5), clock=lambda: clock[0])
    for number in range(10):
        store.add([record(number)], Mark(number))
    store.maintain()
    assert len(files(folder)) == 11
    clock[0] += timedelta(minutes=6)
    store.maintain()
    assert len(files(folder)) == 1


def test_searches_go_on_while_segments_are_merged_and_removed(open_store: Open) -> None:
    store = open_store(grace=timedelta(0))
    reader = open_store()
    stop = threading.Event()
    totals: list[int] = []
    faults: list[Exception] = []

    def search() -> None:
        while not stop.is_set():
            try:
                totals.append(reader.search(city("number*")).total)
            except UnavailableError as error:
                faults.append(error)

    thread = threading.Thread(target=search)
    thread.start()
    for number in range(60):
        store.add([record(number)], Mark(number))
        if number % 10 == 9:
            store.maintain()
    stop.set()
    thread.join()
    assert not faults
    assert totals == sorted(totals)
    assert reader.search(city()).total == 60


def test_a_merge_that_begins_during_an_add_takes_another_file(
    open_store: Open, monkeypatch: pytest.MonkeyPatch
) -> None:
    merging, adding = threading.Event(), threading.Event()

    def chosen(segments: Sequence[Segment]) -> list[Segment]:
        merging.set()
        adding.wait(10)
        return choose(segments)

    def clock() -> datetime:
        # An add asks for the time between its file and the manifest.
        if merging.is_set() and threading.current_thread() is not merger:
            adding.set()
            merger.join(0.3)
        return NOW

    monkeypatch.setattr(upkeep, "choose", chosen)
    store = open_store(clock=clock)
    merger = threading.Thread(target=store.maintain)
    for number in range(8):
        store.add([record(number)], Mark(number))
    merger.start()
    assert merging.wait(10)
    assert store.add([record(8)], Mark(8)) == 1
    merger.join(10)
    assert store.verify() == 2
    assert store.troubles() == ()
    assert store.search(city()).total == 9


def test_a_segment_of_another_version_is_brought_to_this_ones_columns(open_store: Open, folder: Path) -> None:
    store = open_store()
    odd = record(1, process__pid="odd", user__name="root")
    store.add([odd], Mark(1))
    store.close()
    with sqlite3.connect(folder / "manifest.db") as manifest:
        manifest.execute("UPDATE segments SET layout = 'older', misfits = '[]'")
    manifest.close()
    reader = open_store()
    with pytest.raises(UnavailableError, match="another version"):
        reader.search(city())
    store = open_store()
    store.add([record(2)], Mark(2))
    assert store.get(odd.id, CITY) == odd
    assert store.search(city("process.pid:odd*")).total == 1
    assert reader.search(city()).total == 2


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UnavailableError, match="cannot open the store"):
        LocalStore(tmp_path / "file" / "store")


@pytest.mark.parametrize(
    "query", ["message:all", "message:third", "message:second", "message:all AND NOT message:third"]
)
def test_a_page_has_its_rows_wherever_they_lie_in_the_files(open_store: Open, query: str) -> None:
    store = open_store()
    words = {number: "all" + " second" * (number % 2 == 0) + " third" * (number % 3 == 0) for number in range(1, 1_501)}
    numbers = list(words)
    for first in range(0, len(numbers), 750):
        part = numbers[first : first + 750]
        store.add([record(number, message=words[number]) for number in part], Mark(part[-1]))
    matching = {
        "message:all": numbers,
        "message:third": [each for each in numbers if each % 3 == 0],
        "message:second": [each for each in numbers if each % 2 == 0],
        "message:all AND NOT message:third": [each for each in numbers if each % 3],
    }[query]
    for newest_first in (True, False):
        found = store.search(city(query, limit=500, newest_first=newest_first))
        ordered = list(reversed(matching)) if newest_first else matching
        assert found.total == len(matching)
        assert [int(each.id, 16) for each in found.records] == ordered[:500]
        assert all(each.fields["message"] == words[int(each.id, 16)] for each in found.records)
