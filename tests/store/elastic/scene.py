"""A writer on a server and a database, for tests: documents are plain, streams have one family."""

import threading
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import orjson
from sqlalchemy import Engine

from sentinel.model.record import Record
from sentinel.store import Rejected
from sentinel.store.elastic.bulk import Bulk, Item
from sentinel.store.elastic.client import Connection, connect, hosts
from sentinel.store.elastic.marks import Marks
from sentinel.store.elastic.wire import Wire
from sentinel.store.elastic.writer import Writer
from tests.store.examples import record

STREAM = "logs-sentinel.test-{}"


class Scene:
    """What a test looks at."""

    def __init__(self, url: str, database: Engine, name: str, *, keep_rejected: bool = True, **bulk: float) -> None:
        self.client = connect(Connection(hosts=hosts(f"elastic+{url}"), timeout_seconds=bulk.pop("timeout", 5.0)))
        self.stream = STREAM.format(name)
        self.counts: Counter[str] = Counter()
        self.rejected: list[Rejected] = []
        self.stop = threading.Event()
        options = {"first_pause_seconds": 0.01, "patience_seconds": 1.0, **bulk}
        self.wire = Wire(self.client, self.stream)
        self.bulk = Bulk(self.wire, self.lines, self.counts, stop=self.stop, **options)
        self.marks = Marks(database)
        self.writer = Writer(self.bulk, self.marks, self.item, self._keep if keep_rejected else None)

    def item(self, one: Record) -> Item:
        return Item(one, one.id, self.stream)

    def lines(self, item: Item) -> bytes:
        action = orjson.dumps({"create": {"_index": item.stream, "_id": item.id}})
        return b"%b\n%b\n" % (action, orjson.dumps({"@timestamp": item.record.at}))

    def _keep(self, rejected: Sequence[Rejected]) -> None:
        assert self.writer.mark(0).position == 0, "the mark has not moved before what is rejected is safe"
        self.rejected.extend(rejected)

    def close(self) -> None:
        self.bulk.close()
        self.client.close()


@contextmanager
def scene(url: str, database: Engine, name: str = "default", **options: float) -> Iterator[Scene]:
    """Give a writer; close it at the end."""
    made = Scene(url, database, name, **options)  # type: ignore[arg-type]
    try:
        yield made
    finally:
        made.close()


def records(first: int, end: int) -> list[Record]:
    """Return records numbered from `first` to before `end`."""
    return [record(number) for number in range(first, end)]


def ids(first: int, end: int) -> list[str]:
    """Return their ids."""
    return [f"{number:040x}" for number in range(first, end)]
