"""Counts what the store holds of each collector, after the server has stopped."""

from collections.abc import Mapping
from pathlib import Path

import duckdb

from sentinel.store.manifest import Manifest
from sentinel.store.segments import Segments


def verdict(home: Path, acknowledged: Mapping[str, int]) -> dict[str, int]:
    """Return how many events were acknowledged, lost, doubled and never sent, by sequence of each collector."""
    manifest = Manifest(home / "events" / "manifest.db")
    segments = Segments(home / "events")
    files = [str(segments.path(segment.number)) for segment in manifest.segments()]
    manifest.close()
    found: dict[str, tuple[int, int, int, int]] = {}
    if files:
        rows = duckdb.execute(
            'SELECT "agent.id", count(*), count(DISTINCT "#id"), count(DISTINCT "event.sequence"), '
            'max("event.sequence") FROM read_parquet(?) GROUP BY 1',
            [files],
        ).fetchall()
        found = {row[0]: (row[1], row[2], row[3], row[4]) for row in rows}
    lost = doubled = unasked = 0
    for collector, last in acknowledged.items():
        count, ids, sequences, highest = found.get(collector, (0, 0, 0, 0))
        lost += max(0, last - sequences)
        doubled += count - min(ids, sequences)
        unasked += max(0, highest - last)
    return {"acknowledged": sum(acknowledged.values()), "lost": lost, "doubled": doubled, "unasked": unasked}
