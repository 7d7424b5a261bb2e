"""Looks at the files of an embedded store, and makes its manifest and its ids anew; nothing is deleted.

What is damaged goes to the folder `damaged`, what repeats other files to `superseded`, for a person to look at.
"""

import fcntl
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sentinel.errors import ConflictError
from sentinel.model.moment import to_text
from sentinel.store import Mark
from sentinel.store.columns import ID, LAYOUT, PROMOTED, REST, SCHEMA, TIME
from sentinel.store.manifest import Manifest, Segment
from sentinel.store.names import PARQUET
from sentinel.store.segments import Hashes, Segments, contained, digest, hash_ids
from sentinel.store.snapshot import MANIFEST

SUPERSEDED = "superseded"
REBUILT = "rebuilt.db"
OLD_LAYOUT = "unknown"
_SQLITE = ("", "-wal", "-shm")


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What became of the files."""

    segments: int
    events: int
    superseded: int
    damaged: tuple[str, ...]


def numbers(folder: Path) -> list[int]:
    """Return the numbers of the segment files in the folder, newest first."""
    found = [int(path.stem) for path in folder.glob(f"*{PARQUET}") if path.stem.isdecimal()]
    return sorted(found, reverse=True)


def manifest_fault(folder: Path) -> str:
    """Return what is wrong with the manifest: missing beside segments, or damaged; empty where nothing is."""
    path = folder / MANIFEST
    present = numbers(folder)
    if not path.exists():
        return f"{path} is missing, but there are {len(present)} segments" if present else ""
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            answer = [str(row[0]) for row in connection.execute("PRAGMA integrity_check")]
            (known,) = connection.execute("SELECT next_number FROM counter").fetchone()
    except (sqlite3.Error, TypeError) as error:
        return f"{path} is damaged: {error}"
    if answer != ["ok"]:
        return f"{path} is damaged: {answer[0]}"
    # A first write that was killed leaves the file of number 1; others were known once.
    return f"{path} knows none of the {len(present)} segments" if known == 1 and max(present, default=0) > 1 else ""


@dataclass(frozen=True, slots=True)
class FileFaults:
    """What is wrong with the files of a store."""

    segments: list[str] = field(default_factory=list)
    """A sentence for each damaged one that counts."""
    ids: list[int] = field(default_factory=list)
    """Numbers of segments whose ids file is damaged; it can be made anew."""
    projections: list[int] = field(default_factory=list)
    """Likewise of their projections."""

    @property
    def made_anew(self) -> str:
        """Return which files can be made anew from their segments, empty where there are none."""
        kinds = {"ids": len(self.ids), "projections": len(self.projections)}
        return " and ".join(f"the {name} of {count} segments" for name, count in kinds.items() if count)


def file_faults(folder: Path) -> FileFaults:
    """Return what is wrong with the files of the segments that count."""
    found = FileFaults()
    segments = Segments(folder)
    with closing(Manifest(folder / MANIFEST)) as manifest:
        for segment in manifest.segments():
            if reason := segments.fault(segment.number, segment.digest):
                found.segments.append(f"{segment.rows} events from {segment.first_at} to {segment.last_at}: {reason}")
                continue
            if not _is_as_written(segments.files(segment.number)[1], segment.ids_digest):
                found.ids.append(segment.number)
            path = segments.projection(segment.number)
            # One that is gone is no fault: backups have none.
            if segment.projection and path.exists() and digest(path) != segment.projection:
                found.projections.append(segment.number)
    return found


def make_anew(folder: Path) -> str:
    """Write damaged ids files and projections anew from their segments; return which.

    Raises `ConflictError` beside a writer.
    """
    segments = Segments(folder)
    with alone(folder):
        broken = file_faults(folder)
        for number in broken.ids:
            path = segments.files(number)[1]
            part = path.with_suffix(".part")
            hashes = _hashes(segments, number)
            part.write_bytes(bytes(memoryview(hashes.buffers()[1] or b""))[: 8 * len(hashes)])
            part.replace(path)
        with closing(Manifest(folder / MANIFEST)) as manifest:
            for number in broken.projections:
                manifest.project(number, segments.project(number))
    return broken.made_anew


def rebuild(folder: Path) -> Rebuilt:
    """Make a new manifest from the segments that can be read; the mark begins anew.

    The pipeline then reads the journal from its first event and drops by id what is stored; correlations begin anew.
    Raises `ConflictError` beside a writer. Killed anywhere, it can be begun again.
    """
    with alone(folder):
        for suffix in _SQLITE:
            (folder / (REBUILT + suffix)).unlink(missing_ok=True)
        with closing(Manifest(folder / REBUILT)) as manifest:
            done = _fill(folder, manifest)
        stamp = f"{datetime.now(UTC):%Y%m%dT%H%M%S}"
        for suffix in reversed(_SQLITE):
            old = folder / (MANIFEST + suffix)
            if old.exists():
                old.rename(folder / f"{MANIFEST}.{stamp}{suffix}")
        (folder / REBUILT).rename(folder / MANIFEST)
    return done


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Hold the lock of the store's writer."""
    with (folder / "lock").open("ab") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise ConflictError(f"another process writes to the store {folder}; stop it first") from error
        yield


def _fill(folder: Path, manifest: Manifest) -> Rebuilt:
    segments = Segments(folder)
    present = numbers(folder)
    following = max(present, default=0) + 1
    accepted: list[Hashes] = []
    damaged: list[str] = []
    superseded = events = 0
    # The newest first: a merge has a higher number than what it was made of.
    for number in present:
        try:
            hashes = _hashes(segments, number)
            fresh = _unseen(accepted, hashes)
            if 0 < len(fresh) < len(hashes):
                segments.write(following, _only(segments, number, fresh))
                _put_aside(folder, segments, number)
                superseded, number, following = superseded + 1, following, following + 1
                hashes = fresh
            elif not len(fresh):
                _put_aside(folder, segments, number)
                superseded += 1
                continue
            segment = _described(segments, number)
        except (OSError, pa.ArrowException, ValueError) as error:
            damaged.append(f"{segments.path(number).name}: {error}"[:500])
            segments.set_aside(number)
            continue
        accepted.append(hashes)
        manifest.add(segment, Mark(0))
        events += segment.rows
    return Rebuilt(len(accepted), events, superseded, tuple(damaged))


def _described(segments: Segments, number: int) -> Segment:
    """Return what the manifest must know of a file."""
    path, ids = segments.files(number)
    table = pq.read_table(path, columns=[TIME, REST])
    span: Any = pc.min_max(table.column(TIME)).as_py()
    hashes = _hashes(segments, number)
    content = bytes(memoryview(hashes.buffers()[1] or b""))[: 8 * len(hashes)]
    if not ids.exists() or ids.read_bytes() != content:
        ids.write_bytes(content)
    misfits = {name for rest in table.column(REST).to_pylist() if rest for name in orjson.loads(rest)} & set(PROMOTED)
    return Segment(
        number=number,
        rows=table.num_rows,
        bytes=path.stat().st_size,
        digest=digest(path),
        ids_digest=digest(ids),
        first_at=_text(span["min"]),
        last_at=_text(span["max"]),
        # When its file was made: never earlier than it was stored, so nothing is deleted early.
        written_at=to_text(datetime.fromtimestamp(path.stat().st_mtime, UTC)),
        layout=LAYOUT if pq.read_schema(path).equals(SCHEMA) else OLD_LAYOUT,
        misfits=frozenset(misfits),
    )


def _hashes(segments: Segments, number: int) -> Hashes:
    # Every column is read once, so that damage shows; page checksums tell.
    for _ in pq.ParquetFile(segments.path(number), page_checksum_verification=True).iter_batches():
        pass
    return hash_ids(pq.read_table(segments.path(number), columns=[ID]).column(ID).to_pylist()).sort()


def _unseen(accepted: list[Hashes], hashes: Hashes) -> Hashes:
    left = hashes
    for known in accepted:
        if again := contained(known, left):
            left = left.filter(pc.invert(pc.is_in(left, value_set=pa.array(again, pa.uint64()))))
    return left


def _only(segments: Segments, number: int, fresh: Hashes) -> Iterator[pa.Table]:
    for batch in segments.read(number):
        table = pa.Table.from_batches([batch], schema=SCHEMA)
        kept = table.filter(pc.is_in(hash_ids(table.column(ID).to_pylist()), value_set=fresh))
        if kept.num_rows:
            yield kept


def _put_aside(folder: Path, segments: Segments, number: int) -> None:
    (folder / SUPERSEDED).mkdir(exist_ok=True)
    for path in segments.files(number):
        if path.exists():
            path.rename(folder / SUPERSEDED / path.name)


def _is_as_written(path: Path, expected: str) -> bool:
    return path.exists() and digest(path) == expected


def _text(value: datetime) -> str:
    return value.isoformat(timespec="microseconds") + "Z"
