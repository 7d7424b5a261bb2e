"""The embedded store: Parquet segments, a manifest that says which count, DuckDB to search them."""

import fcntl
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import IO

import pyarrow as pa
import pyarrow.compute as pc

from sentinel.errors import ConflictError, UnavailableError
from sentinel.model.agency import Scope
from sentinel.model.moment import now, to_text
from sentinel.model.record import Record
from sentinel.model.search import Found, Search
from sentinel.store import RECEIVED, Mark, Stop
from sentinel.store.columns import LAYOUT, Block, pack
from sentinel.store.expire import Expirer
from sentinel.store.expiry import Expired, Expiry, together
from sentinel.store.finding import Finder
from sentinel.store.manifest import Damage, Manifest, Segment
from sentinel.store.packed import Packed, joined
from sentinel.store.projection import MIN_ROWS
from sentinel.store.reading import Reader, overlapping
from sentinel.store.seen import Seen
from sentinel.store.segments import Hashes, Segments, Written, contained, hash_ids
from sentinel.store.session import Limits, UnreadableError
from sentinel.store.sql_values import Sql
from sentinel.store.upkeep import Upkeep, damage

log = logging.getLogger(__name__)

LIMITS = Limits()
GRACE = timedelta(minutes=10)
"""Files that were merged stay so long, for readers that still have them in hand."""


class LocalStore:
    """Events in a folder. One process writes at a time; any number may read."""

    def __init__(
        self,
        folder: Path,
        *,
        grace: timedelta = GRACE,
        clock: Callable[[], datetime] = now,
        limits: Limits = LIMITS,
        least_projected: int = MIN_ROWS,
    ) -> None:
        """Open the store in `folder`; segments of `least_projected` rows get a projection when it is maintained."""
        self._folder = folder
        self._grace = grace
        self._clock = clock
        self._writing = threading.RLock()
        self._lock_file: IO[bytes] | None = None
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        except OSError as error:
            raise UnavailableError(f"cannot open the store {folder}: {error.strerror}") from error
        self._segments = Segments(folder)
        self._manifest = Manifest(folder / "manifest.db")
        self._finder = Finder(folder, limits)
        self._seen = Seen()
        self._upkeep = Upkeep(self._manifest, self._segments, clock, self._writing, self._seen, least_projected)
        self._expirer = Expirer(self._manifest, self._segments, clock, self._writing, self._upkeep.alone)
        self._counts: Counter[str] = Counter()
        self._ignored: dict[int, Damage] = {}
        self._reader = Reader(self._manifest, self._segments, self._finder, self._set_aside_if_damaged, self._ignored)

    def add(self, records: Sequence[Record], mark: Mark) -> int:
        """Keep `records` and move the mark, both or neither, synced on return; return how many were new."""
        with self._writing, self._explained():
            self._take_lock()
            block, hashes = self._new(records)
            new = 0 if block is None else block.table.num_rows
            self._counts.update(stored=new, known=len(records) - new)
            if block is None:
                self._manifest.add(None, mark)
                return 0
            number = self._manifest.next_number()
            written = self._segments.write(number, [block.table], hashes)
            self._manifest.add(_segment(number, written, block, to_text(self._clock())), mark)
            return new

    def mark(self, partition: int = 0) -> Mark:
        """Return the mark of the last `add` of that part of the journal."""
        return self._manifest.mark(partition)

    def position(self, partition: int = 0) -> int:
        """Return the position of that mark."""
        return self._manifest.position(partition)

    def known(self, ids: Sequence[str]) -> Mapping[str, str]:
        """Return those of `ids` that are stored already, each with when it was received."""
        with self._writing, self._explained():
            return self._known(ids)

    def search(self, search: Search, stop: Stop | None = None) -> Found:
        """Return what matches within the scope; raise `InputError` naming the fault and its place in the query."""
        found = self._reader.search(search, stop)
        return replace(found, unreadable=len(overlapping(self.faults(), search)))

    def get(self, record_id: str, scope: Scope) -> Record | None:
        """Return the record, or None where there is none in scope."""
        return self._reader.get(record_id, scope)

    def scan(self, search: Search, stop: Stop | None = None) -> Iterator[Record]:
        """Yield all that matches, oldest first, a page at a time; `limit` and `offset` are ignored."""
        return self._reader.scan(search, stop)

    def maintain(self) -> None:
        """Merge small segments, and remove files no longer needed. Safe to kill."""
        with self._writing, self._explained():
            self._take_lock()
        with self._explained():
            self._upkeep.run(self._grace)

    def expirable(self, expiry: Expiry) -> list[Expired]:
        """Return by dataset what `expire` would delete now; it changes nothing."""
        with self._explained():
            return together([gone for part in self._expirer.plan(expiry) for gone in part.goes])

    def expire(self, expiry: Expiry, stop: Stop | None = None) -> list[Expired]:
        """Delete what was stored too long ago and is not held, segment by segment; return it by dataset."""
        with self._writing, self._explained():
            self._take_lock()
        with self._explained():
            return self._expirer.carry_out(expiry, stop)

    def repair(self) -> int:
        """Become the one writer, compare every segment with its digest and set damaged ones aside; return how many."""
        with self._writing, self._explained():
            self._take_lock()
        return len(self._manifest.segments()) - self.verify()

    def verify(self) -> int:
        """Compare every segment with its digest, set damaged ones aside; return how many were right."""
        return sum(not self._set_aside_if_damaged(segment) for segment in self._manifest.segments())

    def faults(self) -> tuple[Damage, ...]:
        """Return the segments that were found damaged, with what was lost with them."""
        return (*self._manifest.damaged(), *self._ignored.values())

    @property
    def statistics(self) -> Mapping[str, int]:
        """Return what was done since the start: `stored` and `known` records."""
        return dict(self._counts)

    def troubles(self) -> tuple[str, ...]:
        """Return one sentence for each damaged segment: which, what was in it, and why it cannot be read."""
        return tuple(
            f"segment {each.number} with {each.rows} events from {each.first_at} to {each.last_at}: {each.reason}"
            for each in self.faults()
        )

    def close(self) -> None:
        """Release files and connections."""
        with self._writing:
            self._finder.close()
            self._manifest.close()
            if self._lock_file is not None:
                self._lock_file.close()
                self._lock_file = None

    def _take_lock(self) -> None:
        """Become the one writer, and clear away what a killed one left."""
        if self._lock_file is not None:
            return
        file = (self._folder / "lock").open("ab")
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            file.close()
            raise ConflictError(f"another process writes to the store {self._folder}; stop it first") from error
        self._lock_file = file
        try:
            self._upkeep.begin()
        except BaseException:
            # Not the writer yet: the next attempt begins at the beginning.
            self._lock_file = None
            file.close()
            raise

    def _new(self, records: Sequence[Record]) -> "tuple[Block | None, Hashes | None]":
        """Return what is not stored yet as columns, and the hashes of its ids where they are known."""
        if isinstance(records, Packed) and len(records):
            hashes = pa.concat_arrays(records.hashes).sort()
            if pc.count_distinct(hashes).as_py() == len(hashes) and not self._suspects(hashes):
                return joined(records.blocks), hashes
        fresh = self._fresh(records)
        return (pack(fresh), None) if fresh else (None, None)

    def _suspects(self, hashes: Hashes) -> bool:
        """Return whether any of the sorted `hashes` is among those of stored records."""
        segments, few = self._perhaps_seen(hashes)
        return len(few) > 0 and any(contained(self._hashes(segment), few) for segment in segments)

    def _perhaps_seen(self, hashes: Hashes) -> tuple[list[Segment], Hashes]:
        """Return the segments that count, and those of the sorted `hashes` that may be in one of them."""
        segments = self._manifest.segments()
        by_number = {segment.number: segment for segment in segments}
        self._seen.cover(by_number.keys(), lambda number: self._hashes(by_number[number]))
        return segments, pa.array(self._seen.suspects(hashes), pa.uint64())

    def _fresh(self, records: Sequence[Record]) -> list[Record]:
        """Return the records whose ids are neither stored nor repeated in the batch."""
        unique = {record.id: record for record in reversed(records)}
        for known in self._known(list(unique)):
            del unique[known]
        return list(reversed(unique.values()))

    def _known(self, ids: Sequence[str]) -> dict[str, str]:
        unknown, known = set(ids), dict[str, str]()
        segments, wanted = self._perhaps_seen(hash_ids(sorted(unknown)).sort() if unknown else hash_ids([]))
        for segment in segments if len(wanted) else ():
            if suspects := set(contained(self._hashes(segment), wanted)):
                near = [each for each in unknown if hash_ids([each])[0].as_py() in suspects]
                found = self._stored(segment, near)
                known |= {record.id: str(record.fields.get(RECEIVED, "")) for record in found}
                unknown -= known.keys()
        return known

    def _stored(self, segment: Segment, ids: list[str]) -> list[Record]:
        try:
            return self._finder.by_ids(self._files([segment]), ids, Sql("true"))
        except UnreadableError as error:
            if self._set_aside_if_damaged(segment):
                return []
            raise UnavailableError(f"cannot read segment {segment.number} of {self._folder}: {error}") from error

    def _set_aside_if_damaged(self, segment: Segment) -> bool:
        """Return whether a segment that counts is damaged; the writer moves its file away, a reader only skips it."""
        reason = self._segments.fault(segment.number, segment.digest)
        if not reason or segment not in self._manifest.segments():
            return False
        if self._lock_file is not None:
            self._upkeep.set_aside(segment, reason)
        elif segment.number not in self._ignored:
            self._ignored[segment.number] = damage(segment, reason, to_text(self._clock()))
            log.error("A segment is damaged.", extra={"reason": reason, "records": segment.rows})
        return True

    def _hashes(self, segment: Segment) -> Hashes:
        return self._segments.hashes(segment.number, segment.ids_digest)

    def _files(self, segments: Sequence[Segment]) -> list[str]:
        return [str(self._segments.path(segment.number)) for segment in segments]

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UnavailableError(
                f"cannot write to the store {self._folder}: {error.strerror or error}; check the disk's space"
            ) from error


def _segment(number: int, written: Written, block: Block, written_at: str) -> Segment:
    return Segment(
        number=number,
        rows=written.rows,
        bytes=written.bytes,
        digest=written.digest,
        ids_digest=written.ids_digest,
        first_at=block.first_at,
        last_at=block.last_at,
        written_at=written_at,
        layout=LAYOUT,
        misfits=block.misfits,
        datasets=block.datasets,
        agencies=block.agencies,
    )
