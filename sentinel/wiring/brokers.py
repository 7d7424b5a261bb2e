"""Everything of a home that is on Kafka: the journal, the way of the hits, the group of workers."""

import threading
from collections.abc import Sequence
from pathlib import Path

from sqlalchemy import Engine as Database

from sentinel.config import JournalSettings
from sentinel.journal.kafka.cluster import EVENTS, HITS, cluster_of
from sentinel.journal.kafka.group import Group
from sentinel.journal.kafka.journal import KafkaJournal
from sentinel.journal.kafka.messages import Messages
from sentinel.journal.kafka.sender import Outgoing, Sender
from sentinel.journal.kafka.stream import Stream
from sentinel.journal.kafka.topics import Keeper
from sentinel.lanes.lanes import Lanes


class Brokers:
    """The objects that speak to Kafka; none does before it is used."""

    def __init__(self, settings: JournalSettings, keys: Path, database: Database) -> None:
        """Read the client file where settings name one; raise `InputError` for settings that cannot be."""
        options = keys / settings.client_file if settings.client_file else None
        self._cluster = cluster_of(settings.url, settings.partitions, options)
        self._sender = Sender(self._cluster)
        self.events, self.hits = Keeper(self._cluster, EVENTS), Keeper(self._cluster, HITS)
        self.journal = KafkaJournal(self._cluster, database, self._sender, topic=self.events)

    @property
    def parts(self) -> int:
        """Return the number of parts of the hits."""
        return self._cluster.partitions

    def stream(self, number: int) -> Stream:
        """Return a part of the hits."""
        return Stream(Messages(self.hits, number))

    def send_hits(self, messages: Sequence[tuple[int, bytes]]) -> None:
        """Write messages, each to a part of the hits; durable on return, else `UnavailableError`."""
        self._sender.send([Outgoing(self.hits.topic, part, b"", body) for part, body in messages])

    def join(self, lanes: Lanes, stop: threading.Event) -> None:
        """Be one of the workers until `stop` is set."""
        Group(self._cluster, [self.events, self.hits], lanes.gain, lanes.lose, lanes.progress).run(stop)

    def close(self) -> None:
        """Let go of the brokers."""
        self.journal.close()
        self._sender.close()
