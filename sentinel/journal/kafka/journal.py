"""The journal of batches on Kafka: a topic for the lines, a table for how far each collector has come."""

import threading
import zlib
from collections.abc import Sequence

from sqlalchemy import Engine, select, update

from sentinel.database.connect import reading
from sentinel.database.dialect import insert_new
from sentinel.database.storage_tables import sequences
from sentinel.errors import UnavailableError
from sentinel.journal import Batch
from sentinel.journal.gap import SequenceGapError
from sentinel.journal.kafka.cluster import EVENTS, Cluster
from sentinel.journal.kafka.message import HEADER, packed
from sentinel.journal.kafka.messages import QUEUE_KILOBYTES, TRIM_EVERY_SECONDS, Messages
from sentinel.journal.kafka.part import KafkaPart
from sentinel.journal.kafka.sender import Outgoing, Sender
from sentinel.journal.kafka.topics import Keeper

FIRST_PART = 1
"""Part 1 is partition 0: part 0 is that of a local journal, whose mark may still be in the store."""


WATCH_KILOBYTES = 512


class KafkaJournal:
    """A journal on brokers; safe for many threads and many processes, also while the brokers are away."""

    def __init__(
        self,
        cluster: Cluster,
        database: Engine,
        sender: Sender,
        *,
        topic: Keeper | None = None,
        trim_every: float = TRIM_EVERY_SECONDS,
    ) -> None:
        """Write by `sender`; nothing is asked of the brokers before it is needed. `trim_every` is in seconds."""
        self._cluster = cluster
        self._database = database
        self._sender = sender
        self._trim_every = trim_every
        self._lock = threading.Lock()
        self._topic = topic or Keeper(cluster, EVENTS)
        self._parts: dict[int, KafkaPart] = {}

    def last_sequence(self, collector: str, epoch: str) -> int:
        """Return the highest sequence acknowledged of that epoch, 0 for none."""
        query = select(sequences.c.last).where(sequences.c.collector == collector, sequences.c.epoch == epoch)
        with reading(self._database) as connection:
            return int(connection.execute(query).scalar() or 0)

    def append(self, batch: Batch) -> int:
        """Keep the batch on all brokers that must have it, then advance the sequence; return the new last sequence.

        Killed between the two, or with the database gone, the batch is not acknowledged and comes again; readers drop
        what the topic then holds twice. The same holds where two servers take the same batch at once: either writes
        from a sequence up to which all is in the topic, so whichever comes last, nothing is missing before it.
        """
        last = self.last_sequence(batch.collector, batch.epoch)
        if batch.first > last + 1:
            raise SequenceGapError(batch.collector, batch.epoch, expected=last + 1, first=batch.first)
        lines = batch.lines[last + 1 - batch.first :]
        if not lines:
            return last
        topic = self._topic.there()
        first = last + 1
        for message in packed(batch, first, lines, topic.max_bytes):
            # One after the other: behind one that was not taken there must be none, or readers would drop its repeat.
            self._send(Outgoing(
                topic.name, self._partition(batch.collector), batch.collector.encode(), message.body,
                [(HEADER, message.head)],
            ))  # fmt: skip
        return self._advance(batch.collector, batch.epoch, last + len(lines))

    def parts(self) -> Sequence[int]:
        """Return the numbers of the parts, one for each partition in use."""
        return range(FIRST_PART, FIRST_PART + self._cluster.partitions)

    def part(self, number: int) -> KafkaPart:
        """Return a part, to look at now and then; it is the same for everybody who asks."""
        with self._lock:
            if number not in self._parts:
                self._parts[number] = self.reader(number, WATCH_KILOBYTES)
            return self._parts[number]

    def reader(self, number: int, ahead_kilobytes: int = QUEUE_KILOBYTES) -> KafkaPart:
        """Return a part for one who reads all of it, and closes it; it fetches `ahead_kilobytes` ahead."""
        index = number - FIRST_PART
        return KafkaPart(Messages(self._topic, index, trim_every=self._trim_every, ahead_kilobytes=ahead_kilobytes))

    def close(self) -> None:
        """Let go of the brokers; the sender is closed by who made it."""
        for part in self._parts.values():
            part.close()

    def _partition(self, collector: str) -> int:
        # By the setting, not by what the topic has: a topic that grows must not move a collector, nor its order.
        return zlib.crc32(collector.encode()) % self._cluster.partitions

    def _send(self, message: Outgoing) -> None:
        try:
            self._sender.send([message])
        except UnavailableError:
            # The topic may have gone with what was known of it.
            self._topic.forget()
            raise

    def _advance(self, collector: str, epoch: str, last: int) -> int:
        mine = sequences.c.collector == collector, sequences.c.epoch == epoch
        with self._database.begin() as connection:
            insert_new(connection, sequences, [{"collector": collector, "epoch": epoch, "last": last}])
            connection.execute(update(sequences).where(*mine, sequences.c.last < last).values(last=last))
            return int(connection.execute(select(sequences.c.last).where(*mine)).scalar_one())
