"""Parts records by family of datasets and day, so that a search opens only the segments it needs."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Set
from contextlib import ExitStack
from typing import Any

import pyarrow as pa

from sentinel.store import rearranging
from sentinel.store.columns import AGENCY, DATASET, MAX_NAMES, TIME
from sentinel.store.compaction import SMALLEST_ROWS
from sentinel.store.segments import ROW_GROUP_ROWS, Hashes, Segments, Writing, Written

MIXED = ""
"""The part of records whose own part would be too small."""
MAX_PARTS = 32
"""Made at once; clocks far off would make thousands."""
BLOCK_BYTES = 16_000_000
"""Held in memory at most, about, while it is parted."""
BLOCK_ROWS = 32_768
"""Parted at once at most: the more, the narrower in time is each row group of what came late."""
DIRECT_BYTES = 8_000_000
"""Are written as they come; fewer wait for more of their part."""
MAX_WAITING_BYTES = 16_000_000
"""Held in memory at most, of all parts together, until it is written."""


def worthy(tables: Iterable[pa.Table]) -> frozenset[str]:
    """Return the parts that get segments of their own, from the datasets and times of all records."""
    rows: Counter[str] = Counter()
    for table in tables:
        rows.update(rearranging.counted(table))
    return frozenset(part for part, count in rows.most_common(MAX_PARTS) if count >= SMALLEST_ROWS)


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
        """Take records that are in the order of time; whole row groups are written."""
        if table.num_rows >= ROW_GROUP_ROWS or table.nbytes >= DIRECT_BYTES:
            self._write(table)
            return
        # A view would keep the memory of all parts.
        self._waiting.append(rearranging.copied(table))
        self._rows += table.num_rows
        self.waiting_bytes += table.nbytes
        if self._rows >= ROW_GROUP_ROWS:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if self._waiting:
            self._rows = self.waiting_bytes = 0
            self._write(rearranging.by_time(self._waiting))

    def _write(self, table: pa.Table) -> None:
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
    segments: Segments,
    numbers: Iterator[int],
    tables: Iterable[pa.Table],
    own: frozenset[str],
    common: str,
    hashes: "Hashes | None" = None,
) -> Mapping[str, Part]:
    """Write the records into a segment for each part in `own`, and the others into one of the part `common`.

    `hashes` are those of all ids, where they are known and all records are of one part.
    """
    parts: dict[str, Part] = {}
    with ExitStack() as stack:
        for block in _blocks(tables):
            for name, piece in rearranging.parted(block, own, common):
                if name not in parts:
                    number = next(numbers)
                    parts[name] = Part(number, stack.enter_context(segments.writing(number, hashes)))
                parts[name].add(piece)
                # The last view would keep the block's memory while the next one is read.
                del piece
            while sum(part.waiting_bytes for part in parts.values()) > MAX_WAITING_BYTES:
                max(parts.values(), key=lambda part: part.waiting_bytes).flush()
        for part in parts.values():
            part.flush()
    return parts


def _blocks(tables: Iterable[pa.Table]) -> Iterator[list[pa.Table]]:
    """Yield as many tables at once as are parted together."""
    block: list[pa.Table] = []
    size = rows = 0
    for table in tables:
        if block and (size + table.nbytes > BLOCK_BYTES or rows + table.num_rows > BLOCK_ROWS):
            yield block
            block, size, rows = [], 0, 0
        block.append(table)
        size += table.nbytes
        rows += table.num_rows
    if block:
        yield block


def _text(at: Any) -> str:
    return f"{at.isoformat(timespec='microseconds')}Z"
