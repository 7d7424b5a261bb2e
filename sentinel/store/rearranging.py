"""Puts records into the order of part and time, a column at a time, so that nothing is in memory twice."""

from collections import Counter
from collections.abc import Iterator, Set
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from sentinel.store.columns import DATASET, SCHEMA, TIME

Column: TypeAlias = Any
"""An array; the stubs know several kinds of arrays and which function gives which only roughly."""


def family(dataset: str | None) -> str:
    """Return what a dataset's name begins with: `windows` for `windows.sysmon`."""
    return (dataset or "").partition(".")[0].replace("/", "-")


def counted(table: pa.Table) -> Counter[str]:
    """Return how many records there are of each part; they need their datasets and times at least."""
    names, places = _parts(table)
    rows: Counter[str] = Counter()
    for each in places.value_counts().to_pylist():
        rows[names[each["values"]]] += each["counts"]
    return rows


def parted(tables: list[pa.Table], own: Set[str], common: str) -> Iterator[tuple[str, pa.Table]]:
    """Yield the records of each part in `own`, and the others as those of `common`, in the order of time.

    The list, of at least one table, is emptied; what is yielded is a view of the memory of all.
    """
    if not own:
        yield common, by_time(tables)
        return
    table = _joined(tables)
    parts, places = _parts(table)
    targets = [name if name in own else common for name in parts]
    names = sorted(set(targets))
    target: Column = pa.array([names.index(name) for name in targets], pa.int32()).take(places)
    rows = sorted((each["values"], each["counts"]) for each in target.value_counts().to_pylist())
    order: Column = pc.sort_indices(
        pa.table({"part": target, "at": table.column(TIME)}), [("part", "ascending"), ("at", "ascending")]
    )
    columns = table.columns
    del table
    ordered = _taken(columns, order)
    begin = 0
    for place, count in rows:
        yield names[place], ordered.slice(begin, count)
        begin += count


def by_time(tables: list[pa.Table]) -> pa.Table:
    """Return the records in the order of time; the list, of at least one table, is emptied."""
    table = _joined(tables)
    times: Column = table.column(TIME).combine_chunks()
    steps: Column = pc.call_function("pairwise_diff", [times.cast(pa.int64())])
    if (pc.min(steps).as_py() or 0) >= 0:
        return table
    columns = table.columns
    del table
    return _taken(columns, pc.call_function("array_sort_indices", [times]))


def copied(table: pa.Table) -> pa.Table:
    """Return a table of one chunk in memory of its own."""
    return pa.Table.from_arrays([pa.concat_arrays(column.chunks) for column in table.columns], schema=SCHEMA)


def _joined(tables: list[pa.Table]) -> pa.Table:
    table = pa.concat_tables(tables)
    tables.clear()
    return table


def _taken(columns: list[Column], order: Column) -> pa.Table:
    """Return the rows in another order; the list of columns is emptied, each when it is not needed any more."""
    columns.reverse()
    taken = []
    while columns:
        # To take from chunks is three times as slow.
        taken.append(columns.pop().combine_chunks().take(order))
    return pa.Table.from_arrays(taken, schema=SCHEMA)


def _parts(table: pa.Table) -> tuple[list[str], Column]:
    """Return names of parts, and for each record the place of its part's name among them."""
    days: Column = table.column(TIME).cast(pa.date32()).combine_chunks().dictionary_encode()
    filled: Column = pc.fill_null(table.column(DATASET), pa.scalar(""))
    datasets: Column = filled.combine_chunks().dictionary_encode()
    families = [family(name) for name in datasets.dictionary.to_pylist()]
    dates = [day.isoformat() for day in days.dictionary.to_pylist()]
    width = len(families)
    pairs: Column = pc.add(pc.multiply(days.indices.cast(pa.int64()), width), datasets.indices.cast(pa.int64()))
    # Only pairs that occur: who invents datasets and days makes as many as records, and squares of them otherwise.
    found: Column = pairs.dictionary_encode()
    names = [f"{families[pair % width]}/{dates[pair // width]}" for pair in found.dictionary.to_pylist()]
    return names, found.indices
