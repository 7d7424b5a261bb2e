"""The embedded store: Parquet segments, a manifest that says which count, DuckDB to search them."""

import fcntl
import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path
from typing import IO, TypeVar

from sentinel.errors import ConflictError, UnavailableError
from sentinel.model.agency import Scope
from sentinel.model.moment import now, to_text
from sentinel.model.record import Record
from sentinel.model.search import Found, Search
from sentinel.store import Mark, Stop
from sentinel.store.columns import LAYOUT, Block, pack
from sentinel.store.expire import Expirer
from sentinel.store.expiry import Expired, Expiry, together
from sentinel.store.finding import Finder, UnreadableError
from sentinel.store.manifest import Damage, Manifest, Segment
from sentinel.store.segments import Hashes, Segments, Written, contained, hash_ids
from sentinel.store.sql import condition
from sentinel.store.sql_values import Sql
from sentinel.store.upkeep import Upkeep, damage

log = logging.getLogger(__name__)

SCAN_PAGE = 2_000
MAX_TRIES = 5
"""How often a read begins again after a file went away below it."""
GRACE = timedelta(minutes=10)
"""Files that were merged stay so long, for readers that still have them in hand."""
T = TypeVar("T")
Part = TypeVar("Part", Segment, Damage)


class LocalStore:
    """Events in a folder. One process writes at a time; any number may read."""

    def __init__(
        self,
        folder: Path,
        *,
        grace: timedelta = GRACE,
        clock: Callable[[], datetime] = now,
    ) -> None:
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
        self._finder = Finder(folder)
        self._upkeep = Upkeep(self._manifest, self._segments, clock, self._writing)
        self._expirer = Expirer(self._manifest, self._segments, clock, self._writing, self._upkeep.alone)
        self._counts: Counter[str] = Counter()
        self._ignored: dict[int, Damage] = {}

    def add(self, records: Sequence[Record], mark: Mark) -> int:
        """Keep `records` and move the mark, both or neither, synced on return; return how many were new."""
        with self._writing, self._explained():
            self._take_lock()
            fresh = self._fresh(records)
            self._counts.update(stored=len(fresh), known=len(records) - len(fresh))
            if not fresh:
                self._manifest.add(None, mark)
                return 0
            block = pack(fresh)
            number = self._manifest.next_number()
            written = self._segments.write(number, [block.table])
            self._manifest.add(_segment(number, written, block, to_text(self._clock())), mark)
            return len(fresh)

    def mark(self, partition: int = 0) -> Mark:
        """Return the mark of the last `add` of that part of the journal."""
        return self._manifest.mark(partition)

    def known(self, ids: Sequence[str]) -> set[str]:
        """Return those of `ids` that are stored already."""
        with self._writing, self._explained():
            return self._known(ids)

    def search(self, search: Search, stop: Stop | None = None) -> Found:
        """Return what matches within the scope; raise `InputError` naming the fault and its place in the query."""
        del stop

        def ask(segments: list[Segment]) -> Found:
            where = condition(search, _misfits(segments))
            inside = _overlapping(segments, search)
            return self._finder.search(self._files(inside), where, search) if inside else Found(0, ())

        found = self._read(ask)
        return replace(found, unreadable=len(_overlapping(self.faults(), search)))

    def get(self, record_id: str, scope: Scope) -> Record | None:
        """Return the record, or None where there is none in scope."""
        wanted = hash_ids([record_id])

        def ask(segments: list[Segment]) -> Record | None:
            near = [segment for segment in segments if contained(self._hashes(segment), wanted)]
            where = condition(Search(scope=scope), frozenset())
            found = self._finder.by_ids(self._files(near), [record_id], where) if near else []
            return found[0] if found else None

        return self._read(ask)

    def scan(self, search: Search) -> Iterator[Record]:
        """Yield all that matches, oldest first, a page at a time; `limit` and `offset` are ignored."""
        last: tuple[str, str] | None = None
        while True:
            page = self._read(partial(self._page_after, search, last))
            yield from page
            if len(page) < SCAN_PAGE:
                return
            last = (page[-1].at, page[-1].id)

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

    def expire(self, expiry: Expiry) -> list[Expired]:
        """Delete what was stored too long ago and is not held, segment by segment; return it by dataset."""
        with self._writing, self._explained():
            self._take_lock()
        with self._explained():
            return self._expirer.carry_out(expiry)

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
        self._upkeep.begin()

    def _fresh(self, records: Sequence[Record]) -> list[Record]:
        """Return the records whose ids are neither stored nor repeated in the batch."""
        unique = {record.id: record for record in reversed(records)}
        for known in self._known(list(unique)):
            del unique[known]
        return list(reversed(unique.values()))

    def _known(self, ids: Sequence[str]) -> set[str]:
        unknown = set(ids)
        wanted = hash_ids(sorted(unknown)).sort() if unknown else hash_ids([])
        for segment in self._manifest.segments():
            if suspects := set(contained(self._hashes(segment), wanted)):
                near = [each for each in unknown if hash_ids([each])[0].as_py() in suspects]
                unknown.difference_update(self._stored(segment, near))
        return set(ids) - unknown

    def _stored(self, segment: Segment, ids: list[str]) -> list[str]:
        try:
            return [record.id for record in self._finder.by_ids(self._files([segment]), ids, Sql("true"))]
        except UnreadableError as error:
            if self._set_aside_if_damaged(segment):
                return []
            raise UnavailableError(f"cannot read segment {segment.number} of {self._folder}: {error}") from error

    def _page_after(self, search: Search, last: tuple[str, str] | None, segments: list[Segment]) -> list[Record]:
        where = condition(search, _misfits(segments))
        inside = [each for each in _overlapping(segments, search) if last is None or each.last_at >= last[0]]
        return self._finder.after(self._files(inside), where, last, SCAN_PAGE) if inside else []

    def _read(self, ask: Callable[[list[Segment]], T]) -> T:
        """Ask, again where a merge took files away meanwhile, and without what turns out to be damaged."""
        for _ in range(MAX_TRIES):
            segments = [each for each in self._manifest.segments() if each.number not in self._ignored]
            if any(segment.layout != LAYOUT for segment in segments):
                raise UnavailableError(
                    f"the store {self._folder} was written by another version; start the server once"
                )
            try:
                return ask(segments)
            except (UnreadableError, OSError) as error:
                reason = error
            damaged = [segment for segment in segments if self._set_aside_if_damaged(segment)]
            if not damaged and segments == self._manifest.segments():
                raise UnavailableError(f"cannot search the store {self._folder}: {reason}") from reason
        raise UnavailableError(f"the store {self._folder} changes faster than it can be read; try again")

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


def _misfits(segments: Sequence[Segment]) -> frozenset[str]:
    return frozenset[str]().union(*(segment.misfits for segment in segments))


def _overlapping(segments: Sequence[Part], search: Search) -> list[Part]:
    """Return those that may hold records of the time asked for, newest first."""
    inside = [
        segment
        for segment in segments
        if (search.start is None or segment.last_at >= search.start)
        and (search.end is None or segment.first_at < search.end)
    ]
    return sorted(inside, key=lambda segment: segment.last_at, reverse=search.newest_first)


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
    )
