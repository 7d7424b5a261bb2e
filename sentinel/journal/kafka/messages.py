"""Reads the messages of one partition from any offset on; one reader at a time."""

import logging
import time

from confluent_kafka import Consumer, KafkaError, KafkaException, Message, TopicPartition
from confluent_kafka.admin import AdminClient

from sentinel.errors import UnavailableError
from sentinel.journal.kafka.cluster import TIMEOUT_SECONDS, explained, reason
from sentinel.journal.kafka.topics import Keeper

log = logging.getLogger(__name__)

QUEUE_KILOBYTES = 16_384
"""What a reader fetches ahead."""
FETCH_BYTES = 8_388_608
TRIM_EVERY_SECONDS = 10.0


class Messages:
    """One partition of a topic."""

    def __init__(
        self,
        topic: Keeper,
        number: int,
        *,
        trim_every: float = TRIM_EVERY_SECONDS,
        ahead_kilobytes: int = QUEUE_KILOBYTES,
    ) -> None:
        self._ahead_kilobytes = ahead_kilobytes
        self._topic = topic
        self._cluster = topic.cluster
        self._place = topic.topic, number
        self._trim_every = trim_every
        self._consumer: Consumer | None = None
        self._next: int | None = None
        """Offset that the consumer delivers next; None: it is nowhere."""
        self._ahead: Message | None = None
        self._trimmed_at = 0.0

    @property
    def name(self) -> str:
        """Topic and partition, for people."""
        return f"{self._place[0]}-{self._place[1]}"

    def topic_id(self) -> str:
        """Return the id of the topic, looked up now and then; make it where it is missing."""
        return self._topic.identity()

    def bounds(self) -> tuple[int, int]:
        """Return the first offset that is there and the one after the last; make the topic where it is missing."""
        self._topic.there()
        try:
            return self._ends()
        except UnavailableError:
            self._topic.forget()
            raise

    def get(self, offset: int, seconds: float) -> Message | None:
        """Return the message at `offset`, or the next one that is there; None where none has come in time."""
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead.offset() == offset:
            return ahead
        with explained(f"read {self.name}", self._cluster):
            if self._next != offset:
                self._open().assign([TopicPartition(*self._place, offset)])
                self._next = offset
            message = self._open().poll(seconds)
        if message is None:
            return None
        if (error := message.error()) is not None:
            self._next = None
            if error.code() == KafkaError._PARTITION_EOF:
                return None
            raise UnavailableError(f"cannot read {self.name}: {reason(error)}")
        self._next = (message.offset() or 0) + 1
        return message

    def wait(self, offset: int, seconds: float) -> None:
        """Return when there is a message at `offset`, or in `seconds`."""
        self._ahead = self.get(offset, seconds)

    def trim(self, offset: int) -> None:
        """Let Kafka delete what lies before `offset`, now and then; where it may not, what is kept does no harm."""
        if time.monotonic() - self._trimmed_at < self._trim_every:
            return
        self._trimmed_at = time.monotonic()
        place = TopicPartition(*self._place, offset)
        # Kept by name: an administrator that nobody holds is gone before it has its answer.
        admin = AdminClient(self._cluster.client())
        try:
            admin.delete_records([place])[place].result(TIMEOUT_SECONDS)
        except (KafkaException, TimeoutError) as error:
            log.warning(
                "Kafka did not delete what is stored; it will be asked again.",
                extra={"partition": self.name, "reason": reason(error)},
            )

    def close(self) -> None:
        """Let go of the brokers and of what was fetched ahead; reading again opens it again."""
        consumer, self._consumer = self._consumer, None
        self._next = self._ahead = None
        if consumer is not None:
            consumer.close()

    def _ends(self) -> tuple[int, int]:
        with explained(f"ask Kafka for the ends of {self.name}", self._cluster):
            found = self._open().get_watermark_offsets(TopicPartition(*self._place), timeout=TIMEOUT_SECONDS)
        if found is None:
            raise UnavailableError(f"Kafka does not say where {self.name} ends; it may be starting")
        return found

    def _open(self) -> Consumer:
        if self._consumer is None:
            self._consumer = Consumer(
                self._cluster.client(
                    group_id=f"{self._cluster.group}-readers",
                    enable_auto_commit=False,
                    enable_auto_offset_store=False,
                    # An offset that is not there is a loss to tell, not one to pass over.
                    auto_offset_reset="error",
                    check_crcs=True,
                    queued_max_messages_kbytes=self._ahead_kilobytes,
                    fetch_message_max_bytes=FETCH_BYTES,
                    fetch_wait_max_ms=100,
                )
            )
        return self._consumer
