"""Reads whole records by their places in segment files: only the row groups that hold them are unpacked.

DuckDB would do the same at twice the time: it begins to read every column of every row group between them.
"""

from bisect import bisect_right
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import accumulate
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from sentinel.model.record import Record
from sentinel.store.columns import ID, PROMOTED, REST, SCHEMA, unpack
from sentinel.store.session import UnreadableError

_SCHEMA = pa.schema([SCHEMA.field(name) for name in (ID, *PROMOTED, REST)])


class Rows:
    """Reads with a few threads of its own; safe for many callers."""

    def __init__(self, threads: int) -> None:
        self._count = threads
        self._threads = ThreadPoolExecutor(threads, thread_name_prefix="rows")

    def read(self, wanted: Mapping[str, Sequence[int]], check: Callable[[], None]) -> list[Record]:
        """Return the records in these rows, numbered from 0, of each file, in no order.

        `check` is called before each row group and may raise. Raises `UnreadableError` where a file is gone or damaged.
        """
        found: list[Record] = []
        for path, numbers in wanted.items():
            try:
                metadata = pq.read_metadata(path)
                groups = list(_by_group(metadata, numbers).items())
                parts = (groups[place :: self._count] for place in range(min(self._count, len(groups))))
                tasks = [self._threads.submit(_read, path, metadata, part, check) for part in parts]
                found += [record for task in tasks for record in task.result()]
            except (OSError, pa.ArrowException) as error:
                raise UnreadableError(f"{Path(path).name}: {error}") from error
        return found

    def close(self) -> None:
        """End the threads."""
        self._threads.shutdown()


def _by_group(metadata: pq.FileMetaData, numbers: Sequence[int]) -> dict[int, list[int]]:
    """Return rows within row groups by the number of the group."""
    sizes = [metadata.row_group(group).num_rows for group in range(metadata.num_row_groups)]
    begins = [0, *accumulate(sizes)]
    found: dict[int, list[int]] = defaultdict(list)
    for number in numbers:
        group = bisect_right(begins, number) - 1
        found[group].append(number - begins[group])
    return found


def _read(
    path: str, metadata: pq.FileMetaData, groups: Iterable[tuple[int, list[int]]], check: Callable[[], None]
) -> list[Record]:
    found: list[Record] = []
    # What is shown is compared with its checksums: a bit that changed must not change what a line says.
    with pq.ParquetFile(path, metadata=metadata, pre_buffer=False, page_checksum_verification=True) as file:
        for group, rows in groups:
            check()
            table = file.read_row_group(group, columns=_SCHEMA.names, use_threads=False)
            if not table.schema.equals(_SCHEMA):
                raise pa.ArrowInvalid("these are not the columns of a record")
            if len(rows) == 1:
                # Much cheaper than to take it.
                table = table.slice(rows[0], 1)
            elif len(rows) < table.num_rows:
                table = table.take(rows)
            found += map(unpack, zip(*(column.to_pylist() for column in table.columns), strict=True))
    return found
