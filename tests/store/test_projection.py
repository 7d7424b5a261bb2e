"""Projections count hits faster and change nothing else; whatever becomes of their files, searches are right."""

import logging
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from sentinel.model.record import Record
from sentinel.model.search import Found
from sentinel.store import Mark
from sentinel.store.local import LocalStore
from sentinel.store.projection import covers
from sentinel.store.query import parse
from sentinel.store.repair import FileFaults, file_faults, make_anew
from sentinel.store.sql import condition
from tests.store.examples import city, record

QUERIES = ("host.name:web1", "source.port:[0 TO 40000] AND event.dataset:linux*", 'url.original:"/1"', "*")


def event(number: int) -> Record:
    return record(number, host__name=f"web{number % 3}", source__port=number * 1_000, url__original=f"/{number % 4}")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[LocalStore]:
    opened = LocalStore(tmp_path / "store", grace=timedelta(0), least_projected=10)
    opened.add([event(number) for number in range(1, 31)], Mark(30))
    opened.maintain()
    # Too small for one of its own: both kinds are read together.
    opened.add([event(number) for number in range(31, 36)], Mark(35))
    yield opened
    opened.close()


def projections(store: LocalStore) -> list[Path]:
    return sorted(store._folder.glob("*.projection"))


def answers(store: LocalStore) -> list[Found]:
    return [store.search(city(query, histogram_buckets=5, top=("host.name", "url.original"))) for query in QUERIES]


def test_answers_are_the_same_with_and_without(store: LocalStore) -> None:
    assert len(projections(store)) == 1
    found = answers(store)
    assert found[-1].total == 35
    for path in projections(store):
        path.unlink()
    assert answers(store) == found


@pytest.mark.parametrize("content", [b"", b"PAR1" * 9, None])
def test_a_damaged_projection_is_left_out_and_named(
    store: LocalStore, content: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    found = answers(store)
    (path,) = projections(store)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2] if content is None else content)
    with caplog.at_level(logging.WARNING):
        assert answers(store) == found
    assert [each.message for each in caplog.records] == ["A projection is damaged; its segment is read instead."]
    assert store.faults() == ()
    store.close()
    assert file_faults(store._folder).made_anew == "the projections of 1 segments"
    assert make_anew(store._folder) == "the projections of 1 segments"
    assert file_faults(store._folder) == FileFaults()


def test_one_that_is_gone_is_no_fault_and_is_made_again(store: LocalStore) -> None:
    (path,) = projections(store)
    path.unlink()
    assert file_faults(store._folder) == FileFaults()
    store.maintain()
    assert projections(store) == [path]


def test_it_goes_with_its_segment(store: LocalStore) -> None:
    (old,) = projections(store)
    for number in range(36, 46):
        store.add([event(number)], Mark(number))
    store.maintain()
    store.maintain()
    assert old not in projections(store)
    segments = {path.stem for path in store._folder.glob("*.parquet")}
    assert {path.stem for path in projections(store)} <= segments


@pytest.mark.parametrize(
    ("query", "is_covered"),
    [
        ("host.name:web1 AND NOT source.ip:10.0.0.0/8", True),
        ("event.dataset:linux* OR process.pid:[1 TO 9]", True),
        ("host.name:/web[0-9]/", True),
        ("sshd", False),
        ("process.command_line:*a*", False),
        ("vendor.field:1", False),
    ],
)
def test_what_it_covers_is_read_off_the_condition(query: str, is_covered: bool) -> None:
    assert covers(condition(city(query), parse(query), frozenset())) is is_covered


def test_a_field_that_some_record_keeps_in_the_rest_is_read_whole() -> None:
    query = "process.pid:7"
    assert covers(condition(city(query), parse(query), frozenset()))
    assert not covers(condition(city(query), parse(query), frozenset({"process.pid"})))


def test_of_a_damaged_segment_none_is_made_and_the_rest_goes_on(store: LocalStore) -> None:
    (path,) = projections(store)
    path.unlink()
    damaged = path.with_suffix(".parquet")
    damaged.write_bytes(damaged.read_bytes()[:-100])
    store.maintain()
    assert projections(store) == []
    (fault,) = store.faults()
    assert fault.rows == 30
    assert store.search(city("*")).total == 5


def test_one_of_another_segment_is_left_out(store: LocalStore, tmp_path: Path) -> None:
    other = LocalStore(tmp_path / "other", grace=timedelta(0), least_projected=10)
    other.add([event(number) for number in range(101, 131)], Mark(30))
    other.maintain()
    found = answers(store)
    (path,), (strange,) = projections(store), projections(other)
    other.close()
    path.write_bytes(strange.read_bytes())
    assert answers(store) == found


def test_what_a_kill_leaves_behind_counts_for_nothing(store: LocalStore) -> None:
    (path,) = projections(store)
    content, found = path.read_bytes(), answers(store)
    store._manifest.project(1, "")
    # Killed before the manifest knew it, and while another was written; one lost its segment.
    path.write_bytes(b"not whole")
    left = [path.with_suffix(".projection.tmp"), path.with_name("000000000099.projection")]
    for each in left:
        each.write_bytes(b"x")
    store.close()
    again = LocalStore(store._folder, grace=timedelta(0), least_projected=10)
    assert answers(again) == found
    again.maintain()
    assert not any(each.exists() for each in left)
    assert path.read_bytes() == content
    again.close()


def test_a_record_whose_bytes_have_changed_is_never_shown(tmp_path: Path) -> None:
    folder = tmp_path / "store"
    expected = record(1, message="the clerk signed the dossier of Nguyễn Văn An")
    made = LocalStore(folder)
    made.add([expected], Mark(1))
    made.close()
    (path,) = folder.glob("*.parquet")
    whole, footer = path.read_bytes(), pq.read_metadata(path)
    columns = [footer.row_group(0).column(place) for place in range(footer.num_columns)]
    (message,) = [each for each in columns if each.path_in_schema == "message"]
    lines = range(message.data_page_offset, message.data_page_offset + message.total_compressed_size, 7)
    names = range(len(whole) - footer.serialized_size, len(whole), 701)
    for place in (*lines, *names):
        path.write_bytes(whole[:place] + bytes([whole[place] ^ 1]) + whole[place + 1 :])
        # One that only reads sets nothing aside.
        reader = LocalStore(folder)
        assert reader.search(city("*")).records in ((), (expected,))
        reader.close()
