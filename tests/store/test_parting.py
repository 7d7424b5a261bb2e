"""Promises of parting: records lie by family and day once they are many, and searches open only what they need."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pyarrow as pa
import pytest

from sentinel.model.moment import to_text
from sentinel.model.record import Record
from sentinel.store import Mark, compaction, parting
from sentinel.store.columns import pack
from sentinel.store.local import LocalStore
from sentinel.store.manifest import Manifest, Segment
from sentinel.store.pruning import may_hold
from sentinel.store.query import parse
from sentinel.store.segments import Segments
from tests.store.examples import START, city, record


def at(day: int, number: int, dataset: str, agency: str = "city") -> Record:
    made = record(number, agency=agency, event__dataset=dataset)
    return Record(made.id, {**made.fields, "@timestamp": to_text(START + timedelta(days=day, seconds=number % 1000))})


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[LocalStore]:
    monkeypatch.setattr(parting, "SMALLEST_ROWS", 10)
    opened = LocalStore(tmp_path / "store", grace=timedelta(0))
    yield opened
    opened.close()


def segments(tmp_path: Path) -> list[Segment]:
    manifest = Manifest(tmp_path / "store" / "manifest.db")
    found = manifest.segments()
    manifest.close()
    return found


def test_many_records_are_parted_by_family_and_day(store: LocalStore, tmp_path: Path) -> None:
    records = [
        at(number % 2, number, ("linux.auth", "linux.process", "windows.sysmon")[number % 3]) for number in range(240)
    ]
    rare = at(5, 999, "zeek.dns", agency="dept-a")
    for first in range(0, 240, 30):
        store.add([*records[first : first + 30], *([rare] if first == 90 else [])], Mark(first))
    before = store.search(city(limit=1000))
    store.maintain()
    parts = {segment.part: segment for segment in segments(tmp_path)}
    families = {f"{family}/2026-11-{day}" for family in ("linux", "windows") for day in (23, 24)}
    assert set(parts) == {*families, ""}
    linux = parts["linux/2026-11-23"]
    assert (linux.rows, linux.datasets, linux.agencies) == (80, {"linux.auth", "linux.process"}, {"city"})
    assert (parts[""].rows, parts[""].agencies) == (1, {"dept-a"})
    assert sum(segment.rows for segment in parts.values()) == 241
    assert store.search(city(limit=1000)) == before
    assert list(store.scan(city())) == sorted(before.records, key=lambda each: (each.at, each.id))
    assert store.verify() == 5


def test_records_of_a_part_lie_in_the_order_of_time(store: LocalStore, tmp_path: Path) -> None:
    for first in range(70, -1, -10):
        store.add([at(0, number, "linux.auth") for number in range(first, first + 10)], Mark(80 - first))
    store.maintain()
    (segment,) = segments(tmp_path)
    assert (segment.first_at, segment.last_at) == (at(0, 0, "x").at, at(0, 79, "x").at)


def test_only_segments_that_may_hold_a_hit_are_opened() -> None:
    names = frozenset({"linux.auth", "linux.process"})
    for query, is_needed in {
        "event.dataset:linux.auth AND user.name:x": True,
        "event.dataset:windows.sysmon AND user.name:x": False,
        "event.dataset:(windows.sysmon OR LINUX.AUTH)": True,
        "event.dataset:linux.*": True,
        "event.dataset:win*": False,
        "NOT event.dataset:linux.auth": True,
        "organization.id:dept-b": False,
        "word": True,
    }.items():
        assert may_hold(parse(query), names, frozenset({"dept-a"})) is is_needed, query
    assert may_hold(parse("event.dataset:x"), None, None)


def test_a_day_that_is_over_is_merged_whatever_the_sizes() -> None:
    block = pack([record(1)])
    small = [
        Segment(
            number=number,
            rows=10 ** (number + 1),
            bytes=1,
            digest="",
            ids_digest="",
            first_at=block.first_at,
            last_at=block.last_at,
            written_at=f"2026-11-2{4 + (number == 0)}T00:00:00.000000Z",
            layout="",
            misfits=frozenset(),
            part="linux/2026-11-23",
        )
        for number in range(4)
    ]
    assert compaction.choose(small) == small
    assert compaction.choose(small[:3]) == []


def test_a_broken_write_leaves_nothing(tmp_path: Path) -> None:
    segments = Segments(tmp_path)

    def tables() -> Iterator[pa.Table]:
        yield pack([record(2)]).table
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        segments.write(7, tables())
    assert list(tmp_path.iterdir()) == []
