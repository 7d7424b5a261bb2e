"""The embedded store on real Windows events: records in a second, bytes on disk, search latencies.

    python -m bench.store_local --rows 1000000

The events are those of the corpora (`../shared/corpora/streams`), normalised as the server does; beyond their number
they are taken again with new ids, hours later. Normalising is not counted.
"""

import argparse
import gzip
import hashlib
import resource
import statistics
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from sentinel.event import Event
from sentinel.model.moment import from_text, to_text
from sentinel.model.record import Fields, Record
from sentinel.model.search import Search
from sentinel.normalise import normalise
from sentinel.store import Mark
from sentinel.store.local import LocalStore

EVENTS = Path("../shared/corpora/streams/windows-security-datasets.ndjson.gz")
BATCH = 5_000
ROUND_EVENTS = 10_000
"""Taken again and again beyond the number of real ones; kept in memory."""
REPEATS = 7
QUERIES = {
    "everything": "*",
    "one dataset": "event.dataset:windows.sysmon",
    "number": "winlog.event_id:1",
    "text field": "process.name:powershell.exe",
    "address": "source.ip:172.18.39.5",
    "network": "related.ip:172.18.0.0/16",
    "field in the rest": "winlog.event_data.TargetObject:*\\\\CurrentVersion\\\\Run*",
    "network in the rest": "winlog.event_data.SourceIp:172.18.0.0/16",
    "wildcard": "process.command_line:*mimikatz*",
    "free text, frequent": "svchost",
    "free text, rare": "mimikatz",
    "free text, nowhere": '"hải phòng"',
    "three conditions": "event.dataset:windows.sysmon AND process.name:power* AND NOT user.name:system",
}


def real_events(path: Path) -> Iterator[Record]:
    """Yield the records of the corpora."""
    seen_at = datetime(2026, 11, 23, tzinfo=UTC)
    with gzip.open(path, "rt", encoding="utf-8", errors="surrogateescape") as file:
        for number, line in enumerate(file, 1):
            event = Event(
                collector="bench", epoch="00000000", sequence=number, dataset="windows.evtx", host="bench",
                seen_at=seen_at, raw=line.rstrip("\n"),
            )  # fmt: skip
            yield normalise(event, agency="city", received_at=to_text(seen_at))


def again(records: list[Record], turn: int) -> Iterator[Record]:
    """Yield the records with new ids, `turn` hours later."""
    for record in records:
        fields: Fields = dict(record.fields)
        identity = hashlib.sha256(f"{turn}{record.id}".encode()).hexdigest()[:40]
        fields["event.id"] = identity
        fields["@timestamp"] = to_text(from_text(record.at) + timedelta(hours=turn))
        yield Record(identity, fields)


def events(path: Path, rows: int) -> Iterator[Record]:
    """Yield `rows` records."""
    kept: list[Record] = []
    count = 0
    for record in islice(real_events(path), rows):
        if len(kept) < ROUND_EVENTS:
            kept.append(record)
        count += 1
        yield record
    turn = 0
    while count < rows:
        turn += 1
        for record in islice(again(kept, turn), rows - count):
            count += 1
            yield record


def fill(store: LocalStore, path: Path, rows: int) -> None:
    """Add the records in batches, and maintain now and then, as the server does."""
    stream = events(path, rows)
    adding = maintaining = merging = 0.0
    count = 0
    while batch := list(islice(stream, BATCH)):
        start = time.perf_counter()
        count += store.add(batch, Mark(count))
        adding += time.perf_counter() - start
        if count % (20 * BATCH) == 0:
            start, before = time.perf_counter(), time.process_time()
            store.maintain()
            maintaining += time.perf_counter() - start
            merging += time.process_time() - before
    start, before = time.perf_counter(), time.process_time()
    store.maintain()
    maintaining += time.perf_counter() - start
    merging += time.process_time() - before
    print(f"stored            {count:>12,} records in commits of {BATCH:,}")
    print(f"adding            {count / adding:>12,.0f} records/s ({adding:.1f} s)")
    print(f"with maintenance  {count / (adding + maintaining):>12,.0f} records/s ({maintaining:.1f} s of it)")
    print(f"merging           {merging / count * 1e6:>12,.1f} microseconds of processor time a record")


def disk(folder: Path) -> None:
    """Print what lies on the disk."""
    size = sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())
    print(f"on disk           {size / 1e6:>12,.1f} MB in {len(list(folder.glob('*.parquet')))} segments")


def latencies(store: LocalStore) -> None:
    """Print how long searches take: a page of 100, the total, and a histogram of 60 bars."""
    print(f"\n{'search, with page, total and histogram':<40}{'found':>10}{'median ms':>11}{'worst ms':>10}")
    for name, query in QUERIES.items():
        took, total = [], 0
        for _ in range(REPEATS):
            start = time.perf_counter()
            total = store.search(Search(scope=frozenset({"city"}), query=query, histogram_buckets=60)).total
            took.append((time.perf_counter() - start) * 1000)
        print(f"{name:<40}{total:>10,}{statistics.median(took):>11.0f}{max(took):>10.0f}")


def main() -> None:
    """Run the benchmark in a temporary folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=150_000, help="how many records to store")
    parser.add_argument("--events", type=Path, default=EVENTS, help="gzip file, one Windows event a line")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        store = LocalStore(Path(name), grace=timedelta(0))
        fill(store, chosen.events, chosen.rows)
        disk(Path(name))
        latencies(store)
        store.close()
    print(f"\npeak memory       {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:>12,.0f} MB")


if __name__ == "__main__":
    main()
