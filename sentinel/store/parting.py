"""Parts records by family of datasets and day, so that a search opens only the segments it needs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import ExitStack
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc

from sentinel.store.columns import AGENCY, DATASET, MAX_NAMES, TIME
from sentinel.store.compaction import SMALLEST_ROWS
from sentinel.store.segments import ROW_GROUP_ROWS, Segments, Writing, Written

MIXED = ""
"""The part of records whose own part would be too small."""
MAX_PARTS = 32
"""Made at once; clocks far off would make thousands."""
MAX_WAITING_BYTES = 32_000_000
"""Held in memory at most, of all parts together, until it is written."""
Mask: TypeAlias = Any
"""An array of truth values; the stubs know several kinds of arrays and which function gives which only roughly."""


def family(dataset: str | None) -> str:
    """Return what a dataset's name begins with: `windows` for `windows.sysmon`."""
    return (dataset or "").partition(".")[0].replace("/", "-")


def worthy(tables: Iterable[pa.Table]) -> frozenset[str]:
    """Return the parts that get segments of their own, from the datasets and times of all records."""
    rows: Counter[str] = Counter()
    for table in tables:
        for part, piece in split(table):
            rows[part] += piece.num_rows
    return frozenset(part for part, count in rows.most_common(MAX_PARTS) if count >= SMALLEST_ROWS)


def split(table: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """Yield each part's name and its records; they need their datasets and times at least."""
    days: Any = table.column(TIME).cast(pa.date32())
    datasets: Any = pc.fill_null(table.column(DATASET), pa.scalar(""))
    families: dict[str, list[str]] = {}
    for name in datasets.unique().to_pylist():
        families.setdefault(family(name), []).append(name)
    for each in days.unique().to_pylist():
        of_day: Mask = pc.equal(days, pa.scalar(each, pa.date32()))
        for name, members in families.items():
            inside: Mask = pc.and_(of_day, pc.is_in(datasets, value_set=pa.array(members, pa.string())))
            piece = table.filter(inside)
            if piece.num_rows:
                yield f"{name}/{each.isoformat()}", piece


class Part:
    """One segment that is written: what waits for it, and what its records have in common."""

    def __init__(self, number: int, writing: Writing) -> None:
        self.number = number
        self._writing = writing
        self._waiting: list[pa.Table] = []
        self._rows = 0
        self.waiting_bytes = 0
        """How much memory its waiting records take."""
        self.first_at = self.last_at = ""
        self._names: dict[str, set[str]] = {DATASET: set(), AGENCY: set()}

    def add(self, table: pa.Table) -> None:
        """Take records; whole row groups are written."""
        self._waiting.append(table)
        self._rows += table.num_rows
        self.waiting_bytes += table.nbytes
        if self._rows >= ROW_GROUP_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what waits, in the order of time."""
        if not self._waiting:
            return
        table = pa.concat_tables(self._waiting).sort_by(TIME)
        self._waiting, self._rows, self.waiting_bytes = [], 0, 0
        self._writing.add(table)
        first, last = _text(table.column(TIME)[0].as_py()), _text(table.column(TIME)[-1].as_py())
        self.first_at = min(self.first_at or first, first)
        self.last_at = max(self.last_at, last)
        for name, known in self._names.items():
            known.update(value for value in table.column(name).unique().to_pylist() if value is not None)

    def names(self, column: str, misfits: Set[str]) -> frozenset[str] | None:
        """Return the values of a column; None where some are elsewhere, or too many."""
        known = self._names[column]
        return None if column in misfits or len(known) > MAX_NAMES else frozenset(known)

    def written(self) -> Written:
        """Return what the manifest must know, after the end."""
        return self._writing.written()


def write(
    segments: Segments, numbers: Iterator[int], tables: Iterable[pa.Table], own: frozenset[str], common: str
) -> Mapping[str, Part]:
    """Write the records into a segment for each part in `own`, and the others into one of the part `common`."""
    parts: dict[str, Part] = {}
    with ExitStack() as stack:
        for table in tables:
            for name, piece in _pieces(table, own, common):
                if name not in parts:
                    number = next(numbers)
                    parts[name] = Part(number, stack.enter_context(segments.writing(number)))
                parts[name].add(piece)
            if sum(part.waiting_bytes for part in parts.values()) > MAX_WAITING_BYTES:
                max(parts.values(), key=lambda part: part.waiting_bytes).flush()
        for part in parts.values():
            part.flush()
    return parts


def _pieces(table: pa.Table, own: frozenset[str], common: str) -> Iterator[tuple[str, pa.Table]]:
    if not own:
        yield common, table
        return
    for name, piece in split(table):
        yield (name if name in own else common), piece


def _text(at: Any) -> str:
    return f"{at.isoformat(timespec='microseconds')}Z"
