"""Search over many days in the embedded store: how long 95 of 100 searches take at most.

    python -m bench.search --rows 10000000 --folder /var/tmp/ten-million

With a folder the records stay, and another run goes on where the one before was stopped.

The events are real ones of the corpora (`../shared/corpora/streams`), spread over ten days and some agencies, each with
its own time, id, host, user, address and process number. Targets: a field with page and histogram over everything in
one second, free text over one day in three.
"""

import argparse
import hashlib
import random
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path

from bench.store_local import EVENTS, real_events
from sentinel.model.moment import to_text
from sentinel.model.record import Record
from sentinel.model.search import Search
from sentinel.store import Mark
from sentinel.store.local import LocalStore

DAYS = 10
START = datetime(2026, 11, 13, tzinfo=UTC)
AGENCIES = tuple(f"commune-2025-{number:03}" for number in range(1, 21))
BATCH = 5_000
MAINTAIN_EVERY = 100_000
MODELS = 20_000
"""Real events that the others are made from."""
REPEATS = 5
FIELDS = (
    "process.name:powershell.exe",
    "winlog.event_id:1 AND user.name:user7*",
    "source.ip:10.3.0.0/16",
    "event.dataset:windows.sysmon AND host.name:pc-0042",
    "process.pid:[4000 TO 4100]",
)
WORDS = ("mimikatz", "svchost", '"hải phòng"', "power* hidden", "whoami AND NOT system")
SCOPE = frozenset(AGENCIES)


def varied(models: list[Record], rows: int) -> Iterator[Record]:
    """Yield `rows` records in the order of time."""
    chance = random.Random(1)
    step = timedelta(days=DAYS) / rows
    for number in range(rows):
        model = models[chance.randrange(len(models))]
        identity = hashlib.sha256(str(number).encode()).hexdigest()[:40]
        yield Record(
            identity,
            {
                **model.fields,
                "@timestamp": to_text(START + step * number),
                "event.id": identity,
                "organization.id": chance.choice(AGENCIES),
                "host.name": f"pc-{chance.randrange(5_000):04}",
                "user.name": f"user{chance.randrange(10_000)}",
                "source.ip": f"10.{chance.randrange(8)}.{chance.randrange(256)}.{chance.randrange(1, 255)}",
                "process.pid": chance.randrange(4, 60_000),
            },
        )


def fill(store: LocalStore, models: list[Record], rows: int) -> None:
    """Add the records that are not there yet in batches, and maintain now and then, as the server does."""
    begun = count = store.mark().position
    stream = islice(varied(models, rows), count, None)
    adding = 0.0
    while batch := list(islice(stream, BATCH)):
        start = time.perf_counter()
        count += len(batch)
        store.add(batch, Mark(count))
        adding += time.perf_counter() - start
        if count % MAINTAIN_EVERY == 0:
            store.maintain()
    store.maintain()
    print(f"stored {count:,} records, adding took {adding / max(count - begun, 1) * 1e6:.1f} us each")


def measure(store: LocalStore, name: str, queries: tuple[str, ...], start: str | None, end: str | None) -> None:
    """Print the 95th percentile of the searches."""
    took = []
    for query in queries:
        for _ in range(REPEATS):
            begun = time.perf_counter()
            store.search(Search(scope=SCOPE, query=query, start=start, end=end, histogram_buckets=60))
            took.append(time.perf_counter() - begun)
    took.sort()
    print(f"{name:<44} p95 {took[int(len(took) * 0.95)]:>7.2f} s   median {took[len(took) // 2]:>7.2f} s")


def main() -> None:
    """Run the benchmark in a temporary folder."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=1_000_000, help="how many records to store")
    parser.add_argument("--events", type=Path, default=EVENTS, help="gzip file, one Windows event a line")
    parser.add_argument("--folder", type=Path, default=None, help="where to keep the records; else they are deleted")
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as temporary:
        name = chosen.folder or temporary
        store = LocalStore(Path(name), grace=timedelta(0))
        fill(store, list(islice(real_events(chosen.events), MODELS)), chosen.rows)
        size = sum(path.stat().st_size for path in Path(name).rglob("*") if path.is_file())
        print(f"on disk {size / 1e6:,.0f} MB in {len(list(Path(name).glob('*.parquet')))} segments")
        measure(store, "field, page and histogram, everything", FIELDS, None, None)
        day = START + timedelta(days=DAYS // 2)
        measure(store, "free text, one day", WORDS, to_text(day), to_text(day + timedelta(days=1)))
        store.close()


if __name__ == "__main__":
    main()
