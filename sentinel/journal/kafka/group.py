"""Membership in the group of all workers: Kafka says which parts are ours, and takes them away when we are gone."""

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence

from confluent_kafka import Consumer, KafkaException, TopicPartition

from sentinel.journal.kafka.cluster import Cluster, explained, reason
from sentinel.journal.kafka.topics import Keeper

log = logging.getLogger(__name__)

SESSION_SECONDS = 10.0
"""Who says nothing for so long is taken for dead, and its parts go to others."""
MAX_POLL_SECONDS = 120
"""Giving parts up may take so long at most."""
COMMIT_SECONDS = 5.0
POLL_SECONDS = 0.3
Place = tuple[str, int]
"""Full name of a topic, and a part of it."""


class Group:
    """Our membership. It reads nothing: each part has a reader of its own, which begins where the store's mark is.

    What it commits to Kafka is only for people and their tools, which show a lag by it.
    """

    def __init__(
        self,
        cluster: Cluster,
        topics: Sequence[Keeper],
        gain: Callable[[Sequence[Place]], None],
        lose: Callable[[Sequence[Place]], None],
        progress: Callable[[], Mapping[Place, int]],
        session_seconds: float = SESSION_SECONDS,
    ) -> None:
        """Call `gain` and `lose` for the parts that come and go; `lose` returns when nothing works on them any more.

        `progress` says the offset that each part of ours has come to.
        """
        self._cluster = cluster
        self._topics = topics
        self._gain = gain
        self._lose = lose
        self._progress = progress
        self._session = int(session_seconds * 1_000)
        self._committed_at = 0.0

    def run(self, stop: threading.Event) -> None:
        """Be a member until `stop` is set; raise `UnavailableError` where that cannot begin."""
        for topic in self._topics:
            topic.there()
        with explained("join the group of workers", self._cluster):
            consumer = self._consumer()
            try:
                consumer.subscribe(
                    [topic.topic for topic in self._topics],
                    on_assign=self._assigned,
                    on_revoke=self._revoked,
                    on_lost=self._revoked,
                )
                while not stop.is_set():
                    consumer.poll(POLL_SECONDS)
                    self._commit(consumer)
            finally:
                # Closing gives the parts up: `lose` is called from inside, and others need not wait for our silence.
                consumer.close()

    def _consumer(self) -> Consumer:
        return Consumer(
            self._cluster.client(
                group_id=self._cluster.group,
                partition_assignment_strategy="cooperative-sticky",
                session_timeout_ms=self._session,
                heartbeat_interval_ms=max(200, self._session // 4),
                max_poll_interval_ms=max(self._session, MAX_POLL_SECONDS * 1_000),
                enable_auto_commit=False,
                auto_offset_reset="latest",
            )
        )

    def _assigned(self, consumer: Consumer, places: list[TopicPartition]) -> None:
        consumer.incremental_assign(places)
        # It must not fetch: nobody would take it.
        consumer.pause(places)
        log.info("Parts of the journal are ours.", extra={"parts": _named(places)})
        self._gain([(each.topic, each.partition) for each in places])

    def _revoked(self, consumer: Consumer, places: list[TopicPartition]) -> None:
        log.info("Parts of the journal go to others.", extra={"parts": _named(places)})
        self._lose([(each.topic, each.partition) for each in places])
        try:
            consumer.incremental_unassign(places)
        except KafkaException as error:
            log.info("Kafka has taken the parts already.", extra={"reason": reason(error)})

    def _commit(self, consumer: Consumer) -> None:
        if time.monotonic() - self._committed_at < COMMIT_SECONDS:
            return
        self._committed_at = time.monotonic()
        offsets = [TopicPartition(topic, part, offset) for (topic, part), offset in self._progress().items()]
        if not offsets:
            return
        try:
            consumer.commit(offsets=offsets, asynchronous=True)
        except KafkaException as error:
            log.info("How far we are was not told to Kafka.", extra={"reason": reason(error)})


def _named(places: Sequence[TopicPartition]) -> str:
    return ", ".join(sorted(f"{each.topic}-{each.partition}" for each in places))
