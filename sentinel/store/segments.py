"""Segment files: written whole or not at all, checked by digest, with the hashes of their ids beside them."""

import errno
import hashlib
import logging
import os
import shutil
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias, cast

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sentinel.errors import UnavailableError
from sentinel.model.ecs import LISTS
from sentinel.store import projection
from sentinel.store.columns import ID, REST, SCHEMA, TIME
from sentinel.store.names import IDS, PARQUET, PROJECTION, TEMPORARY
from sentinel.store.plain import MESSAGE, ORIGINAL, PLAIN

log = logging.getLogger(__name__)

SORTING = "sorting-"
ROW_GROUP_ROWS = 8_192
GROUP_BYTES = 8_000_000
"""Are read or skipped together, about, in memory. A page of rare hits unpacks a group for each; still smaller groups
cost more, by their number, than they save."""
READ_ROWS = 1_024
"""Rows that are in memory at once while a segment is read whole."""
COMPRESSION_LEVEL = 1
"""Level 3 takes a quarter more work for a fiftieth less bytes."""
REPEATING = [
    f"{name}.list.element" if name in LISTS else name
    for name in SCHEMA.names
    if name not in (ID, REST, PLAIN, TIME, ORIGINAL, MESSAGE, "event.sequence", "log.offset", "process.command_line")
]
"""Columns in which few values stand often: only they gain by a dictionary."""
DAMAGES = frozenset({errno.EIO, errno.EUCLEAN, errno.EBADMSG})
"""How a disk says that it cannot give back what was written; no descriptor free, no memory, no right are none of it."""
Hashes: TypeAlias = "pa.Array[Any]"
"""64-bit hashes of ids."""


@dataclass(frozen=True, slots=True)
class Written:
    """What the manifest must know of a file pair."""

    rows: int
    bytes: int
    digest: str
    ids_digest: str


class Segments:
    """The folder of segment files; it knows nothing of which of them count."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._aside = folder / "damaged"
        self._hashes: dict[int, Hashes] = {}

    def path(self, number: int) -> Path:
        """Return the place of a segment's Parquet file."""
        return self.folder / f"{number:012d}{PARQUET}"

    def files(self, number: int) -> tuple[Path, Path]:
        """Return the places of a segment's files: the records, and the hashes of their ids."""
        return self.path(number), self._ids(number)

    def projection(self, number: int) -> Path:
        """Return the place of a segment's projection."""
        return self.folder / f"{number:012d}{PROJECTION}"

    def project(self, number: int) -> str:
        """Write the projection of a segment, synced and under its name on return; return its SHA-256."""
        path = self.projection(number)
        try:
            with _synced(path) as file, self._opened(number) as segment:
                projection.write(file, segment)
        except BaseException:
            _temporary(path).unlink(missing_ok=True)
            raise
        _temporary(path).rename(path)
        sync_folder(self.folder)
        return digest(path)

    def write(self, number: int, tables: Iterable[pa.Table], hashes: "Hashes | None" = None) -> Written:
        """Write a segment from tables of the common schema, synced and under its name on return.

        `hashes` are those of all ids, in any order, where they are known. Raises `OSError` where it cannot, with
        nothing left behind.
        """
        with self.writing(number, hashes) as segment:
            for table in tables:
                segment.add(table)
        return segment.written()

    @contextmanager
    def writing(self, number: int, hashes: "Hashes | None" = None) -> Iterator["Writing"]:
        """Give a segment to add tables to; at the end it is synced and under its name, or else nothing is left."""
        parquet, ids = self.path(number), self._ids(number)
        try:
            with _synced(parquet) as file:
                segment = Writing(file, hashes)
                try:
                    yield segment
                    segment.finish()
                except BaseException:
                    segment.abandon()
                    raise
            with _synced(ids) as file:
                file.write(memoryview(segment.hashes.buffers()[1] or b""))
        except BaseException:
            for path in (parquet, ids):
                _temporary(path).unlink(missing_ok=True)
            raise
        for path in (ids, parquet):
            _temporary(path).rename(path)
        sync_folder(self.folder)
        segment.sign(parquet.stat().st_size, digest(parquet), digest(ids))

    def hashes(self, number: int, expected: str) -> Hashes:
        """Return the sorted hashes of a segment's ids; raise `OSError` where its files are gone.

        They are mapped from their file, or made anew where that is not what was written (digest `expected`).
        """
        known = self._hashes.get(number)
        if known is None:
            path = self._ids(number)
            if path.exists() and digest(path) == expected:
                with pa.memory_map(str(path)) as file:
                    buffer = file.read_buffer()
                known = pa.Array.from_buffers(pa.uint64(), buffer.size // 8, [None, buffer])
            else:
                log.warning("Read the ids of a segment anew: their file is damaged.", extra={"path": str(path)})
                known = hash_ids(pq.read_table(self.path(number), columns=[ID]).column(ID).to_pylist()).sort()
            self._hashes[number] = known
        return known

    def read(self, number: int) -> Iterator[pa.RecordBatch]:
        """Yield the content of a segment in its own layout, a part at a time."""
        with self._opened(number) as file:
            # One row group after another: a batch may hold several, and those of long lines are large by themselves.
            for group in range(file.num_row_groups):
                yield from file.iter_batches(batch_size=READ_ROWS, row_groups=[group], use_threads=False)

    def columns(self, number: int, names: Sequence[str]) -> pa.Table:
        """Return some columns of a segment."""
        with self._opened(number) as file:
            return file.read(columns=list(names), use_threads=False)

    def fault(self, number: int, expected: str) -> str:
        """Return what is wrong with a segment's records (digest `expected`), empty where they are as written.

        Raises `UnavailableError` where they cannot be looked at now, which says nothing of them.
        """
        path = self.path(number)
        try:
            return "" if digest(path) == expected else f"{path.name}: the content has changed since it was written"
        except FileNotFoundError:
            return f"{path.name}: the file is gone"
        except OSError as error:
            if error.errno not in DAMAGES:
                raise UnavailableError(f"cannot look at {path}: {error.strerror}; it will be tried again") from error
            return f"{path.name}: cannot be read: {error.strerror}"

    def set_aside(self, number: int) -> None:
        """Move a damaged segment's files out of the way, for a person to look at."""
        self._hashes.pop(number, None)
        self._aside.mkdir(exist_ok=True)
        self.projection(number).unlink(missing_ok=True)
        for path in self.files(number):
            if path.exists():
                path.replace(self._aside / path.name)

    def remove(self, number: int) -> None:
        """Delete a segment's files; those gone already are no fault."""
        self._hashes.pop(number, None)
        for path in (*self.files(number), self.projection(number)):
            path.unlink(missing_ok=True)

    def numbers(self) -> list[int]:
        """Return the numbers of the segment files that are there, whether they count or not."""
        return [int(path.stem) for path in self.folder.glob(f"*{PARQUET}") if path.stem.isdecimal()]

    def remove_unknown(self, known: set[int]) -> int:
        """Delete what a killed writer left: temporary files and segments not in `known`; return how many files."""
        removed = 0
        for path in self.folder.iterdir():
            if path.suffix == TEMPORARY or (
                path.suffix in (PARQUET, IDS, PROJECTION) and path.stem.isdecimal() and int(path.stem) not in known
            ):
                path.unlink(missing_ok=True)
                removed += 1
        for path in self.folder.glob(f"{SORTING}*"):
            if not _is_alive(path.name.removeprefix(SORTING)):
                shutil.rmtree(path, ignore_errors=True)
        return removed

    def _opened(self, number: int) -> pq.ParquetFile:
        # What is ahead is not read: it would wait in memory for threads that have other work.
        return pq.ParquetFile(self.path(number), pre_buffer=False)

    def _ids(self, number: int) -> Path:
        return self.folder / f"{number:012d}{IDS}"


class Writing:
    """A segment on its way to the disk."""

    def __init__(self, file: pa.NativeFile, hashes: "Hashes | None") -> None:
        """Begin in an open file; `hashes` are those of all ids to come, where they are known."""
        self._writer = pq.ParquetWriter(
            file,
            SCHEMA,
            compression="zstd",
            compression_level=COMPRESSION_LEVEL,
            use_dictionary=cast(Any, REPEATING),  # The stubs know no lists here.
            write_page_checksum=True,
        )
        self._are_known = hashes is not None
        self._parts: list[Hashes] = [] if hashes is None else [hashes]
        self.hashes: Hashes = pa.array([], pa.uint64())
        """Sorted, once it is finished."""
        self._written: Written | None = None

    def add(self, table: pa.Table) -> None:
        """Write a table, in row groups of its own, all of about the same size."""
        groups = max(-(-table.num_rows // ROW_GROUP_ROWS), -(-table.nbytes // GROUP_BYTES), 1)
        self._writer.write_table(table, row_group_size=max(-(-table.num_rows // groups), 1))
        if not self._are_known:
            self._parts.append(hash_ids(table.column(ID).to_pylist()))

    def finish(self) -> None:
        """Write what the file ends with."""
        self._writer.close()
        if self._parts:
            self.hashes = pa.concat_arrays(self._parts).sort()

    def abandon(self) -> None:
        """Let go of a file that will not count; that it cannot even be ended changes nothing."""
        with suppress(OSError):
            self._writer.close()

    def sign(self, size: int, digest: str, ids_digest: str) -> None:
        """Take down what the files are, now that they are whole."""
        self._written = Written(len(self.hashes), size, digest, ids_digest)

    def written(self) -> Written:
        """Return what the manifest must know, after the end."""
        if self._written is None:
            raise ValueError("the segment is not written yet")
        return self._written


def sorting_folder(folder: Path, process: int) -> Path:
    """Return where a process puts what does not fit into its memory while it searches."""
    return folder / f"{SORTING}{process}"


def _is_alive(process: str) -> bool:
    return process.isdecimal() and Path("/proc", process).exists()


def _temporary(path: Path) -> Path:
    return path.with_suffix(path.suffix + TEMPORARY)


@contextmanager
def _synced(path: Path) -> Iterator[pa.NativeFile]:
    """Give a temporary file beside `path` that is on the disk when it is closed."""
    with pa.OSFile(str(_temporary(path)), "wb") as file:
        yield file
    descriptor = os.open(_temporary(path), os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def hash_ids(ids: Sequence[Any]) -> Hashes:
    """Return a 64-bit hash of each id; equal ids have equal hashes, and others nearly never."""
    return pa.array(
        [
            int.from_bytes(hashlib.blake2b(identity.encode("utf-8", "replace"), digest_size=8).digest(), "little")
            for identity in ids
        ],
        pa.uint64(),
    )


def contained(sorted_hashes: Hashes, wanted: Hashes) -> list[int]:
    """Return those of `wanted` that are in `sorted_hashes`."""
    if len(sorted_hashes) == 0:
        return []
    places = pc.call_function("search_sorted", [sorted_hashes, wanted])
    nearest = pc.call_function("min_element_wise", [places, pa.scalar(len(sorted_hashes) - 1, places.type)])
    return cast(list[int], wanted.filter(pc.equal(sorted_hashes.take(nearest), wanted)).to_pylist())


def digest(path: Path) -> str:
    """Return the SHA-256 of a file in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def sync_folder(folder: Path) -> None:
    """Make the names in a folder durable."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
