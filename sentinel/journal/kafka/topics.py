"""Sees to it that the topics are there and as large as we need them; makes them where we may."""

import logging
import threading
import time
from dataclasses import dataclass

from confluent_kafka import KafkaError, KafkaException, TopicCollection
from confluent_kafka.admin import AdminClient, ConfigResource, NewTopic, ResourceType, TopicMetadata  # type: ignore[attr-defined]

from sentinel.errors import UnavailableError
from sentinel.journal.kafka.cluster import TIMEOUT_SECONDS, Cluster, explained, reason

log = logging.getLogger(__name__)

MAX_MESSAGE_BYTES = 8_388_608
"""What our own topics take; of topics that others made we take what they allow."""
HEADROOM_BYTES = 4_096
"""Head, key and Kafka's own frame."""
LOOK_SECONDS = 5.0
REFUSE_SECONDS = 2.0
PATIENCE_SECONDS = 1.0
AGAIN_SECONDS = 10.0
"""Whether a topic is still the same is asked so often, by those who read it."""
_SETTINGS = {
    # What is stored is deleted by the pipeline; what is not must never be, however long it waits.
    "retention.ms": "-1",
    "retention.bytes": "-1",
    "cleanup.policy": "delete",
    "max.message.bytes": str(MAX_MESSAGE_BYTES),
}


@dataclass(frozen=True, slots=True)
class Topic:
    """A topic that is there."""

    name: str
    partitions: int
    max_bytes: int
    """Size of the largest value that a message may have."""
    identity: str
    """Kafka's id of it; empty where the brokers do not say it yet."""


class Keeper:
    """Knows a topic after the first look, until somebody finds that it has gone; safe for many threads."""

    def __init__(self, cluster: Cluster, name: str) -> None:
        self.cluster = cluster
        self.topic = cluster.topic(name)
        self._name = name
        self._lock = threading.Lock()
        self._known: Topic | None = None
        self._looked_at = 0.0
        self._refused_until = 0.0
        self._why = ""

    def there(self) -> Topic:
        """Return the topic, made where it is missing; raises what `ensure` raises.

        After a failure all are refused for a moment, and nobody waits long for another who asks: brokers that are
        gone must not hold every thread of the doors.
        """
        if (known := self._known) is not None:
            return known
        if not self._lock.acquire(timeout=PATIENCE_SECONDS):
            raise UnavailableError(f"Kafka at {self.cluster.servers} does not answer yet")
        try:
            return self._asked()
        finally:
            self._lock.release()

    def identity(self) -> str:
        """Return the id of the topic as it is now, or was a moment ago; raises what `ensure` raises."""
        if time.monotonic() - self._looked_at > AGAIN_SECONDS:
            self.forget()
        return self.there().identity

    def forget(self) -> None:
        """Look again the next time: something went wrong with it."""
        self._known = None

    def _asked(self) -> Topic:
        if time.monotonic() < self._refused_until:
            raise UnavailableError(self._why)
        if self._known is None:
            try:
                self._known = ensure(self.cluster, self._name)
                self._looked_at = time.monotonic()
            except UnavailableError as error:
                self._why, self._refused_until = str(error), time.monotonic() + REFUSE_SECONDS
                raise
        return self._known


def ensure(cluster: Cluster, name: str) -> Topic:
    """Return the topic, made where it is missing.

    Raises `UnavailableError` where there is no broker, where it is missing and may not be made, and where it has fewer
    partitions than `cluster` says.
    """
    topic = cluster.topic(name)
    admin = AdminClient(cluster.client())
    with explained(f"reach Kafka at {cluster.servers}", cluster):
        known = _topics(admin).get(topic)
    if known is None:
        _make(admin, cluster, topic)
        return Topic(topic, cluster.partitions, MAX_MESSAGE_BYTES - HEADROOM_BYTES, _identity(admin, topic))
    if len(known.partitions) < cluster.partitions:
        raise UnavailableError(
            f"the topic {topic} has {len(known.partitions)} partitions, journal.partitions says {cluster.partitions}; "
            "make it larger with kafka-topics --alter, or set journal.partitions back"
        )
    return Topic(
        topic, len(known.partitions), _max_bytes(admin, cluster, topic) - HEADROOM_BYTES, _identity(admin, topic)
    )


def _topics(admin: AdminClient) -> dict[str, TopicMetadata]:
    try:
        return admin.list_topics(timeout=LOOK_SECONDS).topics
    except KafkaException:
        # Nothing that the client has to say beside is told before it is asked.
        admin.poll(0)
        raise


def _make(admin: AdminClient, cluster: Cluster, topic: str) -> None:
    made = admin.create_topics([NewTopic(topic, cluster.partitions, -1, config=_SETTINGS)])
    try:
        made[topic].result(TIMEOUT_SECONDS)
    except (KafkaException, TimeoutError) as error:
        if isinstance(error, KafkaException) and error.args[0].code() == KafkaError.TOPIC_ALREADY_EXISTS:
            return
        raise UnavailableError(
            f"the topic {topic} is missing and cannot be made ({reason(error)}); make it with {cluster.partitions} "
            f"partitions and {', '.join(f'{key}={value}' for key, value in _SETTINGS.items())}"
        ) from error


def _identity(admin: AdminClient, topic: str) -> str:
    try:
        found = admin.describe_topics(TopicCollection([topic]), request_timeout=LOOK_SECONDS)[topic]
        return str(found.result(TIMEOUT_SECONDS).topic_id)
    except (KafkaException, TimeoutError) as error:
        # Made just now it is not known to every broker.
        log.info("Kafka does not say the id of a topic.", extra={"topic": topic, "reason": reason(error)})
        return ""


def _max_bytes(admin: AdminClient, cluster: Cluster, topic: str) -> int:
    resource = ConfigResource(ResourceType.TOPIC, topic)
    with explained(f"read the settings of the topic {topic}", cluster):
        settings = admin.describe_configs([resource])[resource].result(TIMEOUT_SECONDS)
    return int(settings["max.message.bytes"].value)
