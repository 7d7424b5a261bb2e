"""Keeps the segments few and whole: merges, sets aside what is damaged."""

import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import datetime, timedelta

import pyarrow as pa

from sentinel.errors import UnavailableError
from sentinel.model.moment import from_text, to_text
from sentinel.store import parting
from sentinel.store.columns import AGENCY, DATASET, LAYOUT, SCHEMA, TIME, pack, unpack
from sentinel.store.compaction import choose
from sentinel.store.manifest import Damage, Manifest, Segment
from sentinel.store.parting import MIXED, Part
from sentinel.store.projection import is_due
from sentinel.store.seen import Seen
from sentinel.store.segments import Hashes, Segments

log = logging.getLogger(__name__)

MAX_MERGES = 16
"""In one call, so that a call ends."""
MAX_PROJECTIONS = 4
"""Likewise."""


class Upkeep:
    """What the one writer of a store does beside adding; every step is one commit of the manifest, so safe to kill."""

    def __init__(
        self,
        manifest: Manifest,
        segments: Segments,
        clock: Callable[[], datetime],
        writing: AbstractContextManager[object],
        seen: Seen,
        least_projected: int,
    ) -> None:
        """Prepare; `writing` is held by whoever adds or asks `seen`, from a segment's number until it counts.

        Segments of `least_projected` rows get a projection.
        """
        self._manifest = manifest
        self._segments = segments
        self._clock = clock
        self._writing = writing
        self._seen = seen
        self._least_projected = least_projected
        self.alone = threading.Lock()
        """Held while segments are merged or deleted."""

    def begin(self) -> None:
        """Clear away what a killed writer left, and bring segments of another version to this one's columns.

        Raises `UnavailableError` where there are segments and a manifest that never knew any: a lost manifest must not
        cost the events.
        """
        segments = self._manifest.segments()
        # A first write that was killed leaves the file of number 1.
        if self._manifest.next_number() == 1 and (lost := [each for each in self._segments.numbers() if each > 1]):
            raise UnavailableError(
                f"the store's manifest is lost, but {len(lost)} segments are there; run `sentinel doctor --repair`"
            )
        known = {segment.number for segment in segments} | {number for number, _ in self._manifest.leaving()}
        if removed := self._segments.remove_unknown(known):
            log.info("Removed what an interrupted write left.", extra={"files": removed})
        for segment in segments:
            if segment.layout != LAYOUT:
                self._merge([segment])

    def run(self, grace: timedelta) -> None:
        """Merge, and remove files that left before `grace`."""
        with self.alone:
            for _ in range(MAX_MERGES):
                if not (chosen := choose(self._manifest.segments())):
                    break
                self._merge(chosen)
            # What makes room comes before what needs some.
            self._sweep(grace)
            try:
                self._project()
            finally:
                # Arrow would keep it for the next one, which may be an hour away.
                pa.default_memory_pool().release_unused()

    def _project(self) -> None:
        """Write projections that are missing."""
        path, least = self._segments.projection, self._least_projected
        due = [each for each in self._manifest.segments() if is_due(each, path(each.number), least)]
        for segment in self._right(due[:MAX_PROJECTIONS]):
            self._manifest.project(segment.number, self._segments.project(segment.number))

    def set_aside(self, segment: Segment, reason: str) -> None:
        """Let a damaged segment count no more and move its files out of the way."""
        log.error("A segment is damaged and was set aside.", extra={"reason": reason, "records": segment.rows})
        self._manifest.set_aside(segment, reason, to_text(self._clock()))
        self._segments.set_aside(segment.number)

    def _merge(self, chosen: Sequence[Segment]) -> None:
        """Replace the segments by larger ones with the same records; damaged ones are set aside first."""
        if right := self._right(chosen):
            self._rewrite(sorted(right, key=lambda segment: segment.first_at))

    def _right(self, chosen: Sequence[Segment]) -> list[Segment]:
        """Return the segments that are as they were written; the others are set aside."""
        right = []
        for segment in chosen:
            if reason := self._segments.fault(segment.number, segment.digest):
                self.set_aside(segment, reason)
            else:
                right.append(segment)
        return right

    def _rewrite(self, right: Sequence[Segment]) -> None:
        """Write the records anew: those of mixed segments parted, as far as the parts are worth files of their own."""
        misfits = set[str]().union(*(segment.misfits for segment in right if segment.layout == LAYOUT))
        is_mixed = right[0].part == MIXED and all(segment.layout == LAYOUT for segment in right)
        own = parting.worthy(self._names(right)) if is_mixed else frozenset[str]()
        tables = (table for segment in right for table in self._parts(segment, misfits))
        # Into one segment go all ids, whose hashes are known: to make them anew takes longer than to read them.
        hashes = None if own else self._hashes(right)
        parts = parting.write(self._segments, self._numbers(), tables, own, right[0].part, hashes)
        written_at = max(segment.written_at for segment in right)
        merged = [_merged(name, part, written_at, frozenset(misfits)) for name, part in parts.items()]
        with self._writing:
            self._manifest.exchange(right, merged, to_text(self._clock()))
            self._seen.replaced([segment.number for segment in right], [segment.number for segment in merged])

    def _numbers(self) -> Iterator[int]:
        while True:
            with self._writing:
                # Not between: an `add` on its way has asked for the same number, and one file would replace the other.
                number = self._manifest.reserve_number()
            yield number

    def _hashes(self, segments: Sequence[Segment]) -> Hashes:
        return pa.concat_arrays([self._segments.hashes(each.number, each.ids_digest) for each in segments])

    def _names(self, segments: Sequence[Segment]) -> Iterator[pa.Table]:
        for segment in segments:
            yield self._segments.columns(segment.number, [DATASET, TIME])

    def _parts(self, segment: Segment, misfits: set[str]) -> Iterator[pa.Table]:
        """Yield a segment's content in this version's layout, adding to `misfits` what did not fit it."""
        for batch in self._segments.read(segment.number):
            if segment.layout == LAYOUT:
                yield pa.Table.from_batches([batch], schema=SCHEMA)
                continue
            names = batch.schema.names
            rows = zip(*(column.to_pylist() for column in batch.columns), strict=True)
            block = pack([unpack(row, names) for row in rows])
            misfits |= block.misfits
            yield block.table

    def _sweep(self, grace: timedelta) -> None:
        for number, since in self._manifest.leaving():
            if from_text(since) + grace <= self._clock():
                self._segments.remove(number)
                self._manifest.forget(number)


def damage(segment: Segment, reason: str, found_at: str) -> Damage:
    """Return the note on a damaged segment."""
    return Damage(
        number=segment.number,
        rows=segment.rows,
        first_at=segment.first_at,
        last_at=segment.last_at,
        reason=reason,
        found_at=found_at,
    )


def _merged(name: str, part: Part, written_at: str, misfits: frozenset[str]) -> Segment:
    written = part.written()
    return Segment(
        number=part.number,
        rows=written.rows,
        bytes=written.bytes,
        digest=written.digest,
        ids_digest=written.ids_digest,
        first_at=part.first_at,
        last_at=part.last_at,
        written_at=written_at,
        layout=LAYOUT,
        misfits=misfits,
        datasets=part.names(DATASET, misfits),
        agencies=part.names(AGENCY, misfits),
        part=name,
    )
