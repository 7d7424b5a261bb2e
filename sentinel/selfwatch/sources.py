"""Knows of every source when it was last heard, how long it is silent at times, and whose clock is wrong."""

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from sqlalchemy import Engine, select

from sentinel.crew.judge import OWN_COLLECTOR
from sentinel.database.connect import reading
from sentinel.database.dialect import upsert
from sentinel.database.tables import sources
from sentinel.database.text import fit
from sentinel.journal import Entry
from sentinel.model.moment import from_text
from sentinel.model.record import Record

MAX_SOURCES = 20_000
MAX_OF_ONE = 200
"""Datasets of one collector; it names them as it likes."""
MAX_DATASET_CHARACTERS = 100
HALF_LIFE_SECONDS = 86_400.0
"""A long silence counts half after a day with events, so that the usual follows what changes."""
MIN_ARRIVALS = 20
"""A source that came fewer times has no usual yet."""
TIMES_USUAL = 3
MIN_SET_ASIDE = 100
"""So many lines of a dataset in an hour are worth a word, if they are also three times the usual."""
KEPT_HOURS = 24
MAX_DATASETS = 1_000
"""Collectors name datasets as they like; what comes on top is counted together."""


@dataclass(frozen=True, slots=True)
class Source:
    """A dataset of a collector."""

    collector: str
    dataset: str
    agency: str
    last_at: str
    """When the server received the last of it."""
    usual_seconds: int
    """About the longest silence of the last days."""
    arrivals: int

    def limit(self, least: timedelta) -> timedelta | None:
        """Return the silence that is worth a word; None while there is no usual."""
        if self.arrivals < MIN_ARRIVALS:
            return None
        return max(least, timedelta(seconds=TIMES_USUAL * self.usual_seconds))


class Sources:
    """All sources, in memory and in the database."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._lock = threading.Lock()
        self._changed: set[tuple[str, str]] = set()
        self.skew_seconds: dict[str, float] = {}
        """Collector to how far its clock was ahead at its last event; only those that were."""
        self._aside: dict[str, dict[str, int]] = {}
        with reading(engine) as connection:
            rows = connection.execute(select(sources)).all()
        self._known = {(row.collector, row.dataset): Source(**row._mapping) for row in rows}
        self._of = Counter(collector for collector, _ in self._known)

    def see(self, entries: Sequence[Entry], records: Sequence[Record]) -> None:
        """Take note of stored events; the pipeline calls this."""
        last: dict[tuple[str, str], Entry] = {}
        with self._lock:
            for entry, record in zip(entries, records, strict=True):
                event = entry.event
                if event.collector == OWN_COLLECTOR:
                    continue
                last[event.collector, event.dataset] = entry
                if record.fields.get("event.kind") == "pipeline_error":
                    self._count_aside(str(record.fields.get("event.dataset", "")), entry.received_at)
            for (collector, dataset), entry in last.items():
                self._hear((collector, fit(dataset, MAX_DATASET_CHARACTERS)), entry)

    def all(self) -> list[Source]:
        """Return every source that was heard."""
        return list(self._known.values())

    def silent(self, at: datetime, least: timedelta) -> list[tuple[Source, timedelta, timedelta]]:
        """Return the sources silent beyond their usual and `least`: with how long, and the limit."""
        found = []
        for source in list(self._known.values()):
            limit = source.limit(least)
            silence = at - from_text(source.last_at)
            if limit is not None and silence > limit:
                found.append((source, silence, limit))
        return found

    def set_aside(self, at: datetime) -> list[tuple[str, int, int]]:
        """Return the datasets of which more lines than usual were set aside: lines in this hour and the last, usual."""
        found = []
        hours = [f"{at - timedelta(hours=back):%Y-%m-%dT%H}" for back in range(KEPT_HOURS + 2)]
        with self._lock:
            for dataset, counts in self._aside.items():
                recent = sum(counts.get(hour, 0) for hour in hours[:2])
                usual = sum(counts.get(hour, 0) for hour in hours[2:]) // KEPT_HOURS
                if recent >= max(MIN_SET_ASIDE, TIMES_USUAL * usual):
                    found.append((dataset, recent, usual))
                for gone in [hour for hour in counts if hour < hours[-1]]:
                    del counts[gone]
        return found

    def refresh(self) -> None:
        """Take over what other processes have heard since."""
        with reading(self._engine) as connection:
            rows = [Source(**row._mapping) for row in connection.execute(select(sources))]
        with self._lock:
            for row in rows:
                key = row.collector, row.dataset
                known = self._known.get(key)
                if known is None:
                    self._of[row.collector] += 1
                if known is None or row.last_at > known.last_at:
                    self._known[key] = row

    def flush(self) -> None:
        """Write what has changed to the database."""
        with self._lock:
            changed, self._changed = self._changed, set()
            rows = [self._known[key] for key in changed if key in self._known]
        if not rows:
            return
        names = [column.name for column in sources.columns]
        with self._engine.begin() as connection:
            upsert(connection, sources, [{name: getattr(row, name) for name in names} for row in rows])

    def _hear(self, key: tuple[str, str], entry: Entry) -> None:
        known = self._known.get(key)
        if known is None:
            if len(self._known) >= MAX_SOURCES or self._of[key[0]] >= MAX_OF_ONE:
                return
            self._of[key[0]] += 1
            known = Source(*key, entry.agency, entry.received_at, 0, 0)
        gap = (from_text(entry.received_at) - from_text(known.last_at)).total_seconds()
        if gap > 0 or not known.arrivals:
            faded = known.usual_seconds * 0.5 ** (max(gap, 0.0) / HALF_LIFE_SECONDS)
            self._known[key] = replace(
                known,
                agency=entry.agency,
                last_at=max(entry.received_at, known.last_at),
                usual_seconds=round(max(gap, faded)),
                arrivals=min(known.arrivals + 1, 2**31 - 1),
            )
            self._changed.add(key)
        ahead = (entry.event.seen_at - from_text(entry.received_at)).total_seconds()
        if ahead > 0:
            self.skew_seconds[key[0]] = ahead
        else:
            self.skew_seconds.pop(key[0], None)

    def _count_aside(self, dataset: str, received_at: str) -> None:
        if dataset not in self._aside and len(self._aside) >= MAX_DATASETS:
            dataset = "other"
        counts = self._aside.setdefault(dataset, {})
        counts[received_at[:13]] = counts.get(received_at[:13], 0) + 1
