"""Promises of rearranging: every record once, in its part, in the order of time; what was rearranged is let go of."""

import tracemalloc
from collections import Counter
from datetime import timedelta

import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from sentinel.model.moment import to_text
from sentinel.model.record import Record
from sentinel.store import rearranging
from sentinel.store.columns import DATASET, ID, TIME, pack, unpack
from tests.store.examples import START, record

DATASETS = st.sampled_from(["linux.auth", "linux.process", "windows.sysmon", "odd/name.x", "", None])
MADE = st.lists(st.tuples(DATASETS, st.integers(0, 2), st.integers(0, 86_399)), min_size=1, max_size=40)


def records(made: list[tuple[str | None, int, int]]) -> list[Record]:
    found = []
    for number, (dataset, day, second) in enumerate(made):
        fields = {**record(number).fields, TIME: to_text(START.replace(hour=0) + timedelta(days=day, seconds=second))}
        if dataset is None:
            del fields[DATASET]
        else:
            fields[DATASET] = dataset
        found.append(Record(record(number).id, fields))
    return found


def part_of(each: Record) -> str:
    dataset = each.fields.get(DATASET)
    return f"{rearranging.family(str(dataset) if dataset else None)}/{each.at[:10]}"


@given(MADE, st.sets(st.integers(0, 8)), st.integers(1, 40))
def test_every_record_lies_once_in_its_part_in_the_order_of_time(
    made: list[tuple[str | None, int, int]], chosen: set[int], cut: int
) -> None:
    whole = records(made)
    parts = sorted({part_of(each) for each in whole})
    own = frozenset(part for place, part in enumerate(parts) if place in chosen)
    tables = [pack(whole[begin : begin + cut]).table for begin in range(0, len(whole), cut)]
    assert sum((rearranging.counted(table) for table in tables), Counter[str]()) == Counter(map(part_of, whole))
    found = dict(rearranging.parted(tables, own, "rest"))
    assert tables == [], "still in memory"
    wanted: dict[str, list[Record]] = {}
    for each in sorted(whole, key=lambda each: each.at):
        wanted.setdefault(part if (part := part_of(each)) in own else "rest", []).append(each)
    assert found.keys() == wanted.keys()
    for part, table in found.items():
        copy = rearranging.copied(table)
        rows = list(zip(*(column.to_pylist() for column in copy.columns), strict=True))
        inside = [unpack(row, copy.column_names) for row in rows]
        assert [each.at for each in inside] == [each.at for each in wanted[part]]
        assert sorted(inside, key=_id) == sorted(wanted[part], key=_id)
        assert table.column(ID).equals(copy.column(ID))


def test_as_many_datasets_and_days_as_records_take_no_more_than_the_records() -> None:
    """Else one sender that invents both could fill the memory."""
    number = 20_000
    times = pa.array(range(number), pa.int32()).cast(pa.date32()).cast(pa.timestamp("us", "UTC"))
    table = pa.table({TIME: times, DATASET: pa.array([f"{each}.x" for each in range(number)])})
    tracemalloc.start()
    counted = rearranging.counted(table)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (len(counted), counted["7/1970-01-08"]) == (number, 1)
    assert peak < 100_000_000


def _id(each: Record) -> str:
    return each.id
