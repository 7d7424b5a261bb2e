"""What is looked at, and from where on it is worth a word."""

import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sentinel.journal import Journal
from sentinel.model.collector import Collector
from sentinel.model.moment import from_text
from sentinel.model.sender import Sender
from sentinel.selfwatch.findings import Finding
from sentinel.selfwatch.sources import Sources
from sentinel.store import Store

SKEW_SECONDS = 60.0
SPOOL_PERCENT = 80.0
BEHIND = timedelta(minutes=5)


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Where health checks begin to speak."""

    collector_silent: timedelta = timedelta(minutes=10)
    source_silent: timedelta = timedelta(minutes=15)
    """A source is also given three times its usual silence."""
    disk_percent: int = 80
    disk_days: int = 30


def collectors(listed: list[Collector], limits: Limits, at: datetime) -> Iterator[Finding]:
    """Yield what is wrong with enrolled collectors: silent, or their disk nearly full."""
    for one in listed:
        if one.revoked:
            continue
        silence = at - from_text(one.last_seen_at or one.enrolled_at)
        if silence > limits.collector_silent:
            yield _of(one, "collector.silent", silence.total_seconds(), limits.collector_silent.total_seconds())
        limit = number(one.status, "spool_limit_bytes")
        percent = 100 * number(one.status, "spool_bytes") / limit if limit else 0.0
        if percent >= SPOOL_PERCENT:
            yield _of(one, "collector.spool_full", percent, SPOOL_PERCENT, unit="percent")


def losses(listed: list[Collector], before: dict[str, int]) -> Iterator[Finding]:
    """Yield the collectors that report more lost events than `before`, which is brought up to date."""
    for one in listed:
        drops = number(one.status, "drops")
        known = before.get(one.id)
        before[one.id] = drops
        if known is not None and drops > known:
            yield _of(one, "collector.events_lost", drops - known, 0, unit="events")


def silences(sources: Sources, listed: list[Collector], limits: Limits, at: datetime) -> Iterator[Finding]:
    """Yield the sources that say nothing though their collector speaks."""
    speaking = {
        one.id: one
        for one in listed
        if not one.revoked and one.last_seen_at and at - from_text(one.last_seen_at) <= limits.collector_silent
    }
    for source, silence, limit in sources.silent(at, limits.source_silent):
        one = speaking.get(source.collector)
        if one is not None:
            about = f"{source.collector}/{source.dataset}"
            more = {"object_kind": "source", "dataset": source.dataset}
            yield _of(one, "source.silent", silence.total_seconds(), limit.total_seconds(), about=about, **more)


def sender_silences(sources: Sources, senders: list[Sender], limits: Limits, at: datetime) -> Iterator[Finding]:
    """Yield the sources of other programs that say nothing for longer than they usually do."""
    sending = {one.id: one for one in senders if not one.revoked}
    for source, silence, limit in sources.silent(at, limits.source_silent):
        if (one := sending.get(source.collector)) is not None:
            facts = {
                "object_kind": "source",
                "collector": one.id,
                "name": one.name,
                "dataset": source.dataset,
                "value": round(silence.total_seconds(), 1),
                "limit": round(limit.total_seconds(), 1),
                "unit": "seconds",
            }
            yield Finding("source.silent", f"{source.collector}/{source.dataset}", one.agency, facts)


def clocks(sources: Sources, listed: list[Collector]) -> Iterator[Finding]:
    """Yield the collectors whose clock is ahead. One that is behind looks like a slow line, and is not found."""
    for one in listed:
        ahead = sources.skew_seconds.get(one.id, 0.0)
        if ahead > SKEW_SECONDS:
            yield _of(one, "collector.clock_skew", ahead, SKEW_SECONDS)


def disk(folder: Path, limits: Limits) -> Iterator[Finding]:
    """Yield that the disk of a folder is nearly full."""
    total, _, free = shutil.disk_usage(folder)
    percent = 100 * (1 - free / total) if total else 0.0
    if percent >= limits.disk_percent:
        facts = {"object_kind": "disk", "value": round(percent, 1), "limit": limits.disk_percent, "unit": "percent"}
        yield Finding("health.disk_low", str(folder), facts=facts)


def filling(folder: Path, full_on: datetime | None, limits: Limits, at: datetime) -> Iterator[Finding]:
    """Yield that the disk of a folder will be full soon at the present rate."""
    if full_on is not None and (days := (full_on - at) / timedelta(days=1)) < limits.disk_days:
        facts = {"object_kind": "disk", "value": round(days, 1), "limit": limits.disk_days, "unit": "days"}
        yield Finding("health.disk_filling", str(folder), facts={**facts, "to": f"{full_on:%Y-%m-%d}"})


def broken_lines(sources: Sources, at: datetime) -> Iterator[Finding]:
    """Yield the datasets of which more lines than usual cannot be read."""
    for dataset, lines, usual in sources.set_aside(at):
        facts = {"object_kind": "dataset", "dataset": dataset, "value": lines, "limit": usual, "unit": "lines"}
        yield Finding("health.set_aside_growing", dataset, facts=facts)


def backlog(journal: Journal, store: Store, at: datetime) -> Iterator[Finding]:
    """Yield that events wait long for the pipeline."""
    oldest: datetime | None = None
    for number in journal.parts():
        for entry in journal.part(number).read(store.position(number), 1):
            oldest = min(oldest or at, from_text(entry.received_at))
    if oldest is not None and (age := at - oldest) > BEHIND:
        facts = {"object_kind": "journal", "value": round(age.total_seconds()), "limit": BEHIND.total_seconds()}
        yield Finding("health.pipeline_behind", "pipeline", facts={**facts, "unit": "seconds"})


def standstill(trouble: str) -> Iterator[Finding]:
    """Yield that the pipeline cannot go on; the event of it waits with all others until it can."""
    if trouble:
        facts = {"object_kind": "store", "reason": trouble}
        yield Finding("health.store_unavailable", "pipeline", facts=facts)


def number(status: Mapping[str, object], name: str) -> int:
    """Return a number that a collector reported, or the sum of several; its report may hold anything."""
    value = status.get(name, 0)
    if isinstance(value, Mapping):
        return sum(number(value, str(part)) for part in value if not isinstance(value[part], Mapping))
    return max(int(value), 0) if isinstance(value, int | float) and abs(value) < 2**63 else 0


def _of(
    one: Collector, action: str, value: float, limit: float, *, about: str = "", unit: str = "seconds", **more: str
) -> Finding:
    facts = {
        "object_kind": "collector",
        "collector": one.id,
        "host": one.host[:255],
        "name": one.name,
        "value": round(value, 1),
        "limit": round(limit, 1),
        "unit": unit,
        **more,
    }
    return Finding(action, about or one.id, one.agency, facts)
