"""Elasticsearch as the store: our `add` against the official bulk helper on the same documents, and bytes on disk.

    python -m bench.store_elastic --rows 50000

A real server of one node is started for it (`tests/live/servers`). Both ways write the same events of the corpora in
turns, each into data streams of its own with the same templates: round by round first the one, then the other. Our way
begins with Records and ends with the mark in the database; the helper is given documents that are ready, so making
them is not on its bill. Afterwards the same records go into the embedded store, and both stores are measured on disk.
"""

import argparse
import resource
import statistics
import tempfile
import threading
import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

import orjson
from elasticsearch import Elasticsearch, helpers

from bench.store_local import EVENTS, events
from sentinel.database.connect import connect as open_database
from sentinel.database.connect import migrate
from sentinel.model.record import Record
from sentinel.store import Mark
from sentinel.store.elastic.client import Connection, connect, hosts
from sentinel.store.elastic.document import to_document
from sentinel.store.elastic.store import ElasticStore
from sentinel.store.elastic.streams import pattern, stream
from sentinel.store.local import LocalStore
from tests.live.servers.elastic import VERSIONS, ElasticServer

BATCH = 5_000
"""Records in one `add`, as the pipeline gives them."""
OURS, HELPER = "ours", "helper"
TARGET = 0.85


def actions(records: Sequence[Record], namespace: str) -> list[dict[str, Any]]:
    """Return what the helper is given."""
    found = []
    for record in records:
        document = to_document(record)
        found.append(
            {
                "_op_type": "create",
                "_index": stream(document.dataset, namespace),
                "_id": document.id,
                "_source": orjson.loads(document.source),
            }
        )
    return found


def by_helper(client: Elasticsearch, prepared: list[dict[str, Any]]) -> float:
    """Send documents with the plain helper as its documentation shows it; return the seconds."""
    start = time.perf_counter()
    done, _ = helpers.bulk(client, prepared)
    assert done == len(prepared)
    return time.perf_counter() - start


def by_us(store: ElasticStore, records: Sequence[Record], end: int) -> float:
    """Add records in batches; return the seconds."""
    start = time.perf_counter()
    for first in range(0, len(records), BATCH):
        part = records[first : first + BATCH]
        assert store.add(part, Mark(end - len(records) + first + len(part))) == len(part)
    return time.perf_counter() - start


def rounds(rows: int, size: int, path: Path) -> Iterator[list[Record]]:
    """Yield the records of each round."""
    stream_of_records = events(path, rows)
    part: list[Record] = []
    for record in stream_of_records:
        part.append(record)
        if len(part) == size:
            yield part
            part = []


def race(client: Elasticsearch, store: ElasticStore, local: LocalStore, chosen: argparse.Namespace) -> int:
    """Write the records in both ways and print the rates; return how many records."""
    took: dict[str, list[float]] = {OURS: [], HELPER: []}
    count = 0
    for number, part in enumerate(rounds(chosen.rows, chosen.round, chosen.events)):
        count += len(part)
        prepared = actions(part, HELPER)
        turns = [
            (OURS, lambda part=part, count=count: by_us(store, part, count)),
            (HELPER, lambda prepared=prepared: by_helper(client, prepared)),
        ]
        # Whoever comes second finds the server busy with the merges of the first: they take turns.
        for name, turn in turns if number % 2 else reversed(turns):
            took[name].append(turn())
        local.add(part, Mark(count))
    for name, seconds in took.items():
        rates = [chosen.round / each for each in seconds[chosen.warm :]]
        what = f"records/s (median of {len(rates)} rounds of {chosen.round:,})"
        print(f"{name:<18}{statistics.median(rates):>12,.0f} {what}")
    pairs = zip(took[HELPER][chosen.warm :], took[OURS][chosen.warm :], strict=True)
    share = statistics.median(helper / ours for helper, ours in pairs)
    print(f"ours / helper     {share:>12.2f}  (wanted: at least {TARGET})")
    print(f"                  {dict(store.statistics)}")
    return count


def disk(client: Elasticsearch, local: Path, count: int) -> None:
    """Print what both stores need for a million events, Elasticsearch after a merge to one segment."""
    client.options(request_timeout=600).indices.forcemerge(index=pattern(OURS), max_num_segments=1)
    # Only after these are the files of before the merge gone.
    client.indices.flush(index=pattern(OURS))
    client.indices.refresh(index=pattern(OURS))
    stats = _settled(client)
    assert stats["docs"]["count"] == count
    elastic = stats["store"]["size_in_bytes"] / count
    embedded = sum(path.stat().st_size for path in local.rglob("*") if path.is_file()) / count
    print(f"Elasticsearch     {elastic:>12,.0f} MB for a million events")
    print(f"embedded          {embedded:>12,.0f} MB for a million events")
    print(f"embedded / Elastic{embedded / elastic:>12.3f}  (wanted: at most 0.1)")


def _settled(client: Elasticsearch) -> dict[str, Any]:
    """Return the statistics of our streams once their size has stopped changing."""
    pause, before = threading.Event(), -1
    for _ in range(30):
        stats: dict[str, Any] = client.indices.stats(index=pattern(OURS), metric="store,docs").body["_all"]["primaries"]
        size = int(stats["store"]["size_in_bytes"])
        if size == before:
            break
        before = size
        # Elasticsearch looks at the sizes of its files every ten seconds.
        pause.wait(11)
    return stats


def measure(version: str, chosen: argparse.Namespace) -> None:
    """Run all on one version."""
    print(f"\nElasticsearch {version}, one node, heap {chosen.heap}")
    node = ElasticServer(version, heap=chosen.heap, options=["-XX:+UseSerialGC"])
    with node as server, tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        database = open_database(f"sqlite:///{folder}/state.db")
        migrate(database)
        client = connect(Connection(hosts=hosts(f"elastic+{server.url}")))
        stores = [ElasticStore(client, database, namespace=each) for each in (OURS, HELPER)]
        for each in stores:
            each.prepare()
        local = LocalStore(folder / "embedded", grace=timedelta(0))
        count = race(client, stores[0], local, chosen)
        local.maintain()
        local.close()
        disk(client, folder / "embedded", count)
        stores[0].close()
        database.dispose()


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=100_000, help="how many records to store")
    parser.add_argument("--round", type=int, default=10_000, help="records of each turn")
    parser.add_argument("--warm", type=int, default=2, help="rounds at the beginning that do not count")
    parser.add_argument("--version", choices=VERSIONS, action="append", help="which server; both if not given")
    parser.add_argument("--heap", default="1g")
    parser.add_argument("--events", type=Path, default=EVENTS, help="gzip file, one Windows event a line")
    chosen = parser.parse_args()
    for version in chosen.version or VERSIONS:
        measure(version, chosen)
    print(f"\npeak memory       {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:>12,.0f} MB of this process")


if __name__ == "__main__":
    main()
