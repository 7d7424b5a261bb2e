"""Writes messages and waits until the brokers have them; what they do not take in time is refused, never lost."""

import threading
import time
from collections.abc import Sequence
from concurrent.futures import Future
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, Message, Producer

from sentinel.errors import UnavailableError
from sentinel.journal.kafka.cluster import TIMEOUT_SECONDS, Cluster, reason

QUEUE_MESSAGES = 10_000
QUEUE_KILOBYTES = 131_072
MAX_BYTES = 100_000_000
"""The client's own limit; that of the topic is kept before."""
REFUSE_SECONDS = 2.0
"""After a failure all is refused so long: waiting for brokers that are gone would hold every thread of the doors."""
GRACE_SECONDS = 2.0
_POLL_SECONDS = 0.2


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A message for one partition."""

    topic: str
    partition: int
    key: bytes
    body: bytes
    headers: Sequence[tuple[str, bytes]] = ()


class Sender:
    """A producer; safe for many threads. It is made anew after an error that it cannot come back from."""

    def __init__(self, cluster: Cluster, timeout_seconds: float = TIMEOUT_SECONDS) -> None:
        self._cluster = cluster
        self._timeout = timeout_seconds
        self._lock = threading.Lock()
        self._current: Producer | None = None
        self._refused_until = 0.0
        self._why = ""
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._serve, name="kafka-sender", daemon=True)
        self._thread.start()

    def send(self, messages: Sequence[Outgoing]) -> None:
        """Write all messages, one after the other for each partition; durable on return.

        Raises `UnavailableError` where that is not known in time: then any of them may have been written, or none.
        """
        if time.monotonic() < self._refused_until:
            raise UnavailableError(f"Kafka does not take events now: {self._why}")
        producer = self._producer()
        try:
            futures = [self._begin(producer, each) for each in messages]
            deadline = time.monotonic() + self._timeout + GRACE_SECONDS
            for future in futures:
                future.result(max(0.0, deadline - time.monotonic()))
        except (KafkaException, BufferError, TimeoutError) as error:
            self._fail(producer, error)
            raise UnavailableError(f"Kafka did not take events: {self._why}") from error

    def close(self) -> None:
        """Let go of the brokers; nothing waits, because every caller has waited itself."""
        self._stopped.set()
        self._thread.join(timeout=5)

    def _begin(self, producer: Producer, message: Outgoing) -> "Future[None]":
        future: Future[None] = Future()

        def told(error: KafkaError | None, _: Message) -> None:
            if error is None:
                future.set_result(None)
            else:
                future.set_exception(KafkaException(error))

        producer.produce(
            message.topic,
            value=message.body,
            key=message.key,
            partition=message.partition,
            headers=list(message.headers),
            on_delivery=told,
        )
        return future

    def _fail(self, producer: Producer, error: Exception) -> None:
        why = "its queue here is full" if isinstance(error, BufferError) else reason(error)
        self._why = self._cluster.heard.why(why)
        self._refused_until = time.monotonic() + REFUSE_SECONDS
        cause = error.args[0] if isinstance(error, KafkaException) and error.args else None
        if isinstance(cause, KafkaError) and cause.fatal():
            # Told for an idempotent producer whose place in the topic is lost, as when the topic was made anew.
            with self._lock:
                if self._current is producer:
                    self._current = None

    def _producer(self) -> Producer:
        with self._lock:
            if self._current is None:
                milliseconds = int(self._timeout * 1_000)
                self._current = Producer(
                    self._cluster.client(
                        acks="all",
                        enable_idempotence=True,
                        delivery_timeout_ms=milliseconds,
                        request_timeout_ms=max(1_000, milliseconds // 2),
                        queue_buffering_max_messages=QUEUE_MESSAGES,
                        queue_buffering_max_kbytes=QUEUE_KILOBYTES,
                        message_max_bytes=MAX_BYTES,
                        linger_ms=1,
                    )
                )
            return self._current

    def _serve(self) -> None:
        """Tell those who wait what became of their messages."""
        while not self._stopped.is_set():
            producer = self._current
            if producer is None:
                self._stopped.wait(_POLL_SECONDS)
            else:
                producer.poll(_POLL_SECONDS)
