"""The store on Elasticsearch: the writing side, the reading side and the upkeep behind one contract."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import orjson
from sqlalchemy import Engine

from sentinel.errors import UnavailableError
from sentinel.model.agency import Scope
from sentinel.model.moment import now
from sentinel.model.record import Record
from sentinel.model.search import Found, Search
from sentinel.store import Mark, Stop
from sentinel.store.elastic.bulk import PATIENCE_SECONDS, Bulk, Item
from sentinel.store.elastic.capabilities import Capabilities, detect
from sentinel.store.elastic.document import check, dataset, document_id, to_document
from sentinel.store.elastic.expire import Expirer
from sentinel.store.elastic.find import Finder
from sentinel.store.elastic.marks import Marks
from sentinel.store.elastic.streams import pattern, stream
from sentinel.store.elastic.templates import install
from sentinel.store.elastic.upkeep import Upkeep
from sentinel.store.elastic.wire import Wire
from sentinel.store.elastic.writer import OnRejected, Writer
from sentinel.store.expiry import Expired, Expiry, together

if TYPE_CHECKING:
    from elasticsearch import Elasticsearch

log = logging.getLogger(__name__)


class ElasticStore:
    """Events in data streams; how far they have come is in the database of all state. Any number may write and read."""

    def __init__(
        self,
        client: "Elasticsearch",
        database: Engine,
        *,
        namespace: str = "default",
        on_rejected: OnRejected | None = None,
        refresh: bool = False,
        patience_seconds: float = PATIENCE_SECONDS,
        clock: Callable[[], datetime] = now,
    ) -> None:
        """Ask nothing of the server yet: it may be down while Sentinel starts.

        `refresh` makes what is added searchable at once instead of within a second; it costs much. An `add` without
        progress for `patience_seconds` gives up, so that its caller can say so and try again.
        """
        self._client = client
        self.namespace = namespace
        """End of the names of its streams."""
        self._stop = threading.Event()
        self._counts: Counter[str] = Counter()
        self._wire = Wire(client, pattern(namespace), refresh=refresh)
        self._bulk = Bulk(self._wire, self._lines, self._counts, stop=self._stop, patience_seconds=patience_seconds)
        self._marks = Marks(database, clock=clock)
        self._writer = Writer(self._bulk, self._marks, self._item, on_rejected)
        self._finder = Finder(client, namespace)
        self._upkeep = Upkeep(client, namespace)
        self._expirer = Expirer(client, namespace, clock)
        self._preparing = threading.Lock()
        self._capabilities: Capabilities | None = None

    @property
    def statistics(self) -> Mapping[str, int]:
        """Return what was done since the start, in documents.

        `stored`, `known`, `rejected`, `failure_store`, `again` (pushed back), `unclear` (no answer), `mended` (second
        copies deleted), `ignored` (stored with a field that is not indexed); and `requests`, `bytes`, `divided`.
        """
        return dict(self._counts)

    def add(self, records: Sequence[Record], mark: Mark) -> int:
        """Keep `records` and move the mark; return how many were new.

        Where it raises, some may be kept; they are known when the same are added again. Raises `ConflictError` when
        another worker has moved the mark since this thread read it, `UnavailableError` when it cannot now.
        """
        self.prepare()
        try:
            return self._writer.add(records, mark)
        except UnavailableError:
            # Perhaps another Elasticsearch, or one that lost its templates, answers next time.
            self._capabilities = None
            raise

    def mark(self, partition: int = 0) -> Mark:
        """Return the mark of the last `add` of that part of the journal; this thread may move it from now on."""
        return self._writer.mark(partition)

    def position(self, partition: int = 0) -> int:
        """Return the position of that mark, and take nothing over."""
        return self._marks.position(partition)

    def known(self, ids: Sequence[str]) -> Mapping[str, str]:
        """Return those of `ids` that are stored already, each with when it was received."""
        asked = {document_id(identity): identity for identity in ids}
        return {asked[identity]: at for identity, at in self._wire.received(list(asked)).items()}

    def search(self, search: Search, stop: Stop | None = None) -> Found:
        """Return what matches within the scope; raise `InputError` naming the fault and its place in the query."""
        return self._finder.search(search, stop)

    def get(self, record_id: str, scope: Scope) -> Record | None:
        """Return the record, or None where there is none in scope."""
        return self._finder.get(record_id, scope)

    def scan(self, search: Search, stop: Stop | None = None) -> Iterator[Record]:
        """Yield all that matches, oldest first, a page at a time; `limit` and `offset` are ignored."""
        return self._finder.scan(search, stop)

    def maintain(self) -> None:
        """Begin new backing indices where the server does not do it itself, and count ignored fields."""
        self._upkeep.roll_over(self.prepare())
        if ignored := self._upkeep.ignored():
            log.warning("Some stored events have fields that are not indexed.", extra={"events": ignored})
        self._counts["ignored"] = ignored

    def expirable(self, expiry: Expiry) -> Sequence[Expired]:
        """Return by dataset what `expire` would delete now; it changes nothing."""
        return together([gone for part in self._expirer.plan(expiry) for gone in part.goes])

    def expire(self, expiry: Expiry, stop: Stop | None = None) -> Sequence[Expired]:
        """Delete what was stored too long ago and is not held, index by index; return it by dataset."""
        return self._expirer.carry_out(expiry, stop)

    def troubles(self) -> Sequence[str]:
        """Return one sentence for each part that cannot be read; empty where all is well."""
        try:
            return self._upkeep.troubles()
        except UnavailableError as error:
            return [str(error)]

    def close(self) -> None:
        """End what is under way; what was not stored is in doubt, and asked for at the next start."""
        self._stop.set()
        self._bulk.close()
        self._finder.close()
        self._client.close()

    def _item(self, record: Record) -> Item:
        check(record)
        return Item(record, document_id(record.id), stream(dataset(record), self.namespace))

    def _lines(self, item: Item) -> bytes:
        action = f'{{"create":{{"_index":"{item.stream}","_id":{_quoted(item.id)}}}}}\n'
        return b"%b%b\n" % (action.encode(), to_document(item.record).source)

    def prepare(self) -> Capabilities:
        """Find out once what the server has, and put the templates there; again at the next call where that failed."""
        with self._preparing:
            if self._capabilities is None:
                found = detect(self._client)
                install(self._client, found)
                log.info("Elasticsearch is ready.", extra={"version": ".".join(map(str, found.version))})
                self._capabilities = found
            return self._capabilities


def _quoted(identity: str) -> str:
    return f'"{identity}"' if identity.isalnum() and identity.isascii() else orjson.dumps(identity).decode()
