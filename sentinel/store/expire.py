"""Deletes from segments what is past its time: whole files where nothing in them is held, else all but the rest."""

import logging
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from sentinel.model.moment import from_text, to_text
from sentinel.store import Stop, go_on
from sentinel.store.columns import AGENCY, SCHEMA, TIME
from sentinel.store.expiry import Expired, Expiry, Held, covers, together
from sentinel.store.manifest import Manifest, Segment
from sentinel.store.segments import Segments

log = logging.getLogger(__name__)

DATASET = "event.dataset"
_COLUMNS = [DATASET, AGENCY, TIME]
MAX_KNOWN = 10_000
"""Segments whose datasets are remembered from one look to the next."""
Mask: TypeAlias = Any
"""An array of truth values; the stubs know several kinds of arrays and which function gives which only roughly."""


@dataclass(frozen=True, slots=True)
class Part:
    """A segment of which something goes."""

    segment: Segment
    goes: tuple[Expired, ...]

    @property
    def is_whole(self) -> bool:
        """Return whether nothing of it stays."""
        return sum(each.records for each in self.goes) == self.segment.rows


class Expirer:
    """Carries out orders to delete; every segment is one commit of the manifest, so safe to kill."""

    def __init__(
        self,
        manifest: Manifest,
        segments: Segments,
        clock: Callable[[], datetime],
        writing: AbstractContextManager[object],
        alone: AbstractContextManager[object],
    ) -> None:
        """Prepare; `writing` is held by whoever adds, `alone` by whoever merges."""
        self._manifest = manifest
        self._segments = segments
        self._clock = clock
        self._writing = writing
        self._alone = alone
        self._datasets: dict[int, frozenset[str]] = {}

    def plan(self, expiry: Expiry) -> list[Part]:
        """Return what would go, segment by segment; raise `OSError` where one cannot be read."""
        parts = []
        for segment in self._manifest.segments():
            if segment.written_at >= expiry.latest():
                continue
            due = [name for name in self._known(segment) if segment.written_at < expiry.cutoff(name)]
            if due and (goes := _counted(self._look(segment), due, expiry.holds)):
                parts.append(Part(segment, tuple(goes)))
        return parts

    def carry_out(self, expiry: Expiry, stop: Stop | None = None) -> list[Expired]:
        """Delete, and return what has gone by dataset."""
        gone: list[Expired] = []
        with self._alone:
            for part in self.plan(expiry):
                go_on(stop)
                self._delete(part, expiry)
                gone += part.goes
        return together(gone)

    def _delete(self, part: Part, expiry: Expiry) -> None:
        segment, since = part.segment, to_text(self._clock())
        if part.is_whole:
            self._manifest.replace([segment], None, since)
            return
        if reason := self._segments.fault(segment.number, segment.digest):
            raise OSError(0, reason)
        with self._writing:
            # Not between: an `add` on its way has asked for the same number, and one file would replace the other.
            number = self._manifest.reserve_number()
        due = [each.dataset for each in part.goes]
        written = self._segments.write(number, self._rest(segment, due, expiry.holds))
        rest = replace(
            segment,
            number=number,
            rows=written.rows,
            bytes=written.bytes,
            digest=written.digest,
            ids_digest=written.ids_digest,
        )
        self._manifest.replace([segment], rest, since)

    def _rest(self, segment: Segment, due: list[str], holds: tuple[Held, ...]) -> Iterator[pa.Table]:
        for batch in self._segments.read(segment.number):
            table = pa.Table.from_batches([batch], schema=SCHEMA)
            kept = table.filter(pc.invert(_going(table, due, holds)))
            if kept.num_rows:
                yield kept

    def _known(self, segment: Segment) -> frozenset[str]:
        """Return the datasets in a segment; a number stands for the same content for ever."""
        known = self._datasets.get(segment.number)
        if known is None:
            if len(self._datasets) >= MAX_KNOWN:
                self._datasets.clear()
            names = _named(self._look(segment, [DATASET])).unique().to_pylist()
            known = self._datasets[segment.number] = frozenset(str(name) for name in names)
        return known

    def _look(self, segment: Segment, columns: list[str] | None = None) -> pa.Table:
        return pq.read_table(self._segments.path(segment.number), columns=columns or _COLUMNS)


def _named(table: pa.Table) -> Mask:
    names: Mask = table.column(DATASET)
    return pc.fill_null(names, "")


def _going(table: pa.Table, due: list[str], holds: tuple[Held, ...]) -> Mask:
    """Return for each record whether it goes."""
    names: Mask = _named(table)
    going: Mask = pc.is_in(names, value_set=pa.array(due, pa.string()))
    for held in holds:
        if not (held_names := [name for name in due if covers(held.dataset, name)]):
            continue
        times: Mask = table.column(TIME)
        inside: Mask = pc.and_(pc.greater_equal(times, _time(held.start)), pc.less(times, _time(held.end)))
        inside = pc.and_(inside, pc.is_in(names, value_set=pa.array(held_names, pa.string())))
        if held.agencies is not None:
            inside = pc.and_(inside, pc.is_in(table.column(AGENCY), value_set=pa.array(sorted(held.agencies))))
        going = pc.and_not(going, inside)
    return going


def _counted(table: pa.Table, due: list[str], holds: tuple[Held, ...]) -> list[Expired]:
    """Return by dataset what goes of a segment."""
    going = pa.table({"name": _named(table), "at": table.column(TIME)}).filter(_going(table, due, holds))
    grouped = going.group_by("name").aggregate([("at", "count"), ("at", "min"), ("at", "max")])
    return [
        Expired(
            dataset=row["name"],
            records=row["at_count"],
            first_at=row["at_min"].isoformat(timespec="microseconds") + "Z",
            last_at=row["at_max"].isoformat(timespec="microseconds") + "Z",
        )
        for row in grouped.to_pylist()
    ]


def _time(text: str) -> "pa.Scalar[Any]":
    return pa.scalar(from_text(text).replace(tzinfo=None), pa.timestamp("us"))
