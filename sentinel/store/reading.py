"""Reads the segments that count: which of them a search needs, and what to do when one changes below it."""

import logging
from collections.abc import Callable, Container, Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TypeVar

from sentinel.errors import UnavailableError
from sentinel.model.agency import Scope
from sentinel.model.record import Record
from sentinel.model.search import Found, Search
from sentinel.store import Stop, bounds, counting
from sentinel.store.buckets import text
from sentinel.store.columns import LAYOUT
from sentinel.store.counting import Bars
from sentinel.store.finding import Files, Finder
from sentinel.store.manifest import Damage, Manifest, Segment
from sentinel.store.pruning import may_hold
from sentinel.store.query import parse
from sentinel.store.segments import Segments, contained, digest, hash_ids
from sentinel.store.session import UnreadableError
from sentinel.store.sql import condition
from sentinel.store.tree import Everything, Node

log = logging.getLogger(__name__)

SCAN_PAGE = 2_000
MAX_TRIES = 20
"""How often a read begins again after a file went away below it."""
T = TypeVar("T")
Part = TypeVar("Part", Segment, Damage)


class Reader:
    """Answers searches from the segments of one folder; safe for many threads, beside a writer."""

    def __init__(
        self,
        manifest: Manifest,
        segments: Segments,
        finder: Finder,
        is_damaged: Callable[[Segment], bool],
        ignored: Container[int],
    ) -> None:
        """Prepare; `is_damaged` looks at a segment and sees to it that it is not read again if so."""
        self._manifest = manifest
        self._segments = segments
        self._finder = finder
        self._is_damaged = is_damaged
        self._ignored = ignored
        self._spoilt: set[int] = set()

    def search(self, search: Search, stop: Stop | None) -> Found:
        """Return what matches within the scope; raise `InputError` naming the fault and its place in the query."""
        tree = parse(search.query)
        bounds.check(search)

        def ask(segments: list[Segment]) -> Found:
            files = self._files(_needed(segments, search, tree))
            where = condition(search, tree, files.misfits)
            return self._finder.search(files, where, search, stop) if files.paths else Found(0, ())

        return self._read(ask)

    def get(self, record_id: str, scope: Scope) -> Record | None:
        """Return the record, or None where there is none in scope."""
        wanted = hash_ids([record_id])
        where = condition(Search(scope=scope), Everything(), frozenset())

        def ask(segments: list[Segment]) -> Record | None:
            near = [
                segment
                for segment in segments
                if contained(self._segments.hashes(segment.number, segment.ids_digest), wanted)
            ]
            found = self._finder.by_ids(self._files(near).paths, [record_id], where) if near else []
            return found[0] if found else None

        return self._read(ask)

    def scan(self, search: Search, stop: Stop | None) -> Iterator[Record]:
        """Yield all that matches, oldest first, a page at a time; `limit` and `offset` are ignored."""
        tree = parse(search.query)
        bars = self._read(partial(self._bars, search, tree, stop))
        parts = counting.slices(bars, SCAN_PAGE)
        for number, (start, end) in enumerate(parts, 1):
            # Records that come meanwhile are younger than the rest: the last part has no end of its own.
            until = search.end if number == len(parts) else text(end)
            yield from self._part(replace(search, start=max(text(start), search.start or ""), end=until), tree, stop)

    def _part(self, search: Search, tree: Node, stop: Stop | None) -> Iterator[Record]:
        last: tuple[str, str] | None = None
        while True:
            page = self._read(partial(self._page_after, search, tree, last, stop))
            yield from page
            if len(page) < SCAN_PAGE:
                return
            last = (page[-1].at, page[-1].id)

    def _bars(self, search: Search, tree: Node, stop: Stop | None, segments: list[Segment]) -> Bars:
        files = self._files(_needed(segments, search, tree))
        where = condition(search, tree, files.misfits)
        return self._finder.bars(files, where, search, stop) if files.paths else Bars(1, {})

    def _page_after(
        self, search: Search, tree: Node, last: tuple[str, str] | None, stop: Stop | None, segments: list[Segment]
    ) -> list[Record]:
        near = [each for each in _needed(segments, search, tree) if last is None or each.last_at >= last[0]]
        files = self._files(near)
        where = condition(search, tree, files.misfits)
        return self._finder.after(files, where, last, SCAN_PAGE, stop) if files.paths else []

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
            if spoilt := [segment.number for segment in segments if self._is_spoilt(segment)]:
                self._spoilt.update(spoilt)
                continue
            damaged = [segment for segment in segments if self._is_damaged(segment)]
            if not damaged and segments == self._manifest.segments():
                raise UnavailableError(f"cannot search the store {self._folder}: {reason}") from reason
        raise UnavailableError(f"the store {self._folder} changes faster than it can be read; try again")

    @property
    def _folder(self) -> Path:
        return self._segments.folder

    def _files(self, segments: Sequence[Segment]) -> Files:
        return Files(
            paths=[str(self._segments.path(segment.number)) for segment in segments],
            slim=self._slim(segments),
            span=(
                min((segment.first_at for segment in segments), default=""),
                max((segment.last_at for segment in segments), default=""),
            ),
            misfits=frozenset[str]().union(*(segment.misfits for segment in segments)),
        )

    def _slim(self, segments: Sequence[Segment]) -> list[str]:
        """Return the places of the projections, and of the segments that have none."""
        projected, whole = list[str](), list[str]()
        for each in segments:
            if self._is_projected(each):
                projected.append(str(self._projection(each)))
            else:
                whole.append(str(self._segments.path(each.number)))
        # DuckDB takes the columns from the first file.
        return [*projected, *whole]

    def _is_projected(self, segment: Segment) -> bool:
        has_one = segment.projection and segment.number not in self._spoilt
        return bool(has_one) and self._projection(segment).exists()

    def _projection(self, segment: Segment) -> Path:
        return self._segments.projection(segment.number)

    def _is_spoilt(self, segment: Segment) -> bool:
        """Return whether a segment's projection is not what was written, and was used until now."""
        try:
            if not self._is_projected(segment) or digest(self._projection(segment)) == segment.projection:
                return False
        except FileNotFoundError:
            # It went with its segment a moment ago.
            return False
        log.warning("A projection is damaged; its segment is read instead.", extra={"segment": segment.number})
        return True


def overlapping(segments: Sequence[Part], search: Search) -> list[Part]:
    """Return those that may hold records of the time asked for, newest first."""
    inside = [
        segment
        for segment in segments
        if (search.start is None or segment.last_at >= search.start)
        and (search.end is None or segment.first_at < search.end)
    ]
    return sorted(inside, key=lambda segment: segment.last_at, reverse=search.newest_first)


def _needed(segments: Sequence[Segment], search: Search, tree: Node) -> list[Segment]:
    """Return the segments that may hold a hit, by their time, agencies and datasets."""
    return [
        segment
        for segment in overlapping(segments, search)
        if (segment.agencies is None or not search.scope.isdisjoint(segment.agencies))
        and may_hold(tree, segment.datasets, segment.agencies)
    ]
