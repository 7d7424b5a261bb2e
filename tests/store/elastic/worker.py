"""A worker that adds numbered records to Elasticsearch in batches until it is killed, for trials.

    python -m tests.store.elastic.worker URL DATABASE NAMESPACE PART COUNT BATCH [HANG]

Goes on from the mark and prints it after every batch. HANG stops it for ever at one point of its first batch: `sent`
(documents are stored, the mark has not moved) or `intended` (the intent is written, nothing is sent).
"""

import sys
import threading
from collections.abc import Callable
from typing import Any

from sentinel.database.connect import connect as open_database
from sentinel.store import Mark
from sentinel.store.elastic.bulk import Bulk
from sentinel.store.elastic.client import Connection, connect, hosts
from sentinel.store.elastic.marks import Marks
from sentinel.store.elastic.store import ElasticStore
from tests.store.examples import record

HANGS = {"sent": (Marks, "move"), "intended": (Bulk, "store")}


def say(what: object) -> None:
    """Tell the parent."""
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def hang(*_: object, **__: object) -> Any:
    """Wait to be killed."""
    say("hanging")
    threading.Event().wait()


def main() -> None:
    """Add until all are added."""
    url, database, namespace, part, count, batch, *point = sys.argv[1:]
    if point:
        owner, name = HANGS[point[0]]
        setattr(owner, name, hang)
    store = ElasticStore(
        connect(Connection(hosts=hosts(f"elastic+{url}"), timeout_seconds=20)),
        open_database(database),
        namespace=namespace,
    )
    partition = int(part)
    work(store, partition, int(count), int(batch), lambda mark: say(mark.position))
    store.close()


def work(store: ElasticStore, partition: int, count: int, batch: int, tell: Callable[[Mark], None]) -> None:
    """Add the records of a part from its mark on; their numbers tell the part."""
    while (start := store.mark(partition).position) < count:
        end = min(start + batch, count)
        records = [record(partition * 1_000_000 + number) for number in range(start, end)]
        mark = Mark(end, b"", partition)
        store.add(records, mark)
        tell(mark)


if __name__ == "__main__":
    main()
