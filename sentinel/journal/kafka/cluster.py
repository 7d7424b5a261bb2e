"""Where the brokers are, how to speak to them, and what their errors mean for us."""

import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sentinel.errors import InputError, UnavailableError
from sentinel.journal.kafka.client_file import options_in
from sentinel.journal.kafka.heard import Heard

SCHEME = "kafka://"
DEFAULT_PREFIX = "sentinel"
EVENTS = "events"
HITS = "hits"
TIMEOUT_SECONDS = 10.0
"""How long an answer of a broker may take."""
_SERVER = re.compile(r"[A-Za-z0-9._-]+:[0-9]{1,5}|\[[0-9a-fA-F:]+\]:[0-9]{1,5}")
_PREFIX = re.compile(r"[a-z0-9][a-z0-9._-]{0,99}")
_QUIET = 2
"""Only what is critical: everything else reaches us as an error, and our sentence about it is enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Cluster:
    """Some brokers and our topics there."""

    servers: str
    prefix: str = DEFAULT_PREFIX
    partitions: int = 4
    """Of each topic: how many workers can share the work."""
    options: Mapping[str, str] = field(default_factory=dict, repr=False)
    """How to prove who we are; may hold secrets."""
    heard: Heard = field(default_factory=Heard, repr=False, compare=False)
    """Why brokers do not speak to us; their answers only say that there is none."""

    def topic(self, name: str) -> str:
        """Return the full name of a topic."""
        return f"{self.prefix}-{name}"

    @property
    def group(self) -> str:
        """Name of the consumer group of all workers."""
        return f"{self.prefix}-pipeline"

    def client(self, **more: object) -> dict[str, Any]:
        """Return the settings of a client of librdkafka, `_` for `.` in the names of `more`."""
        return {
            "bootstrap.servers": self.servers,
            "client.id": "sentinel",
            "log_level": _QUIET,
            "reconnect.backoff.ms": 100,
            "reconnect.backoff.max.ms": 1_000,
            "socket.keepalive.enable": True,
            "error_cb": self.heard.take,
            **self.options,
            **{name.replace("_", "."): value for name, value in more.items()},
        }


def cluster_of(url: str, partitions: int, options: Path | None = None) -> Cluster:
    """Return the cluster of `kafka://host:port[,host:port...][/prefix]`; raise `InputError` for another URL.

    `options` is a client file, as `options_in` reads it.
    Raises `UnavailableError` where the client library is missing.
    """
    if find_spec("confluent_kafka") is None:
        raise UnavailableError("Kafka needs confluent-kafka: pip install 'sentinel-soc[kafka]'")
    servers, _, prefix = url.removeprefix(SCHEME).partition("/")
    prefix = prefix or DEFAULT_PREFIX
    if not url.startswith(SCHEME) or not all(map(_SERVER.fullmatch, servers.split(","))):
        raise InputError("journal.url: Kafka is named as kafka://host:port,host:port/prefix")
    if not _PREFIX.fullmatch(prefix):
        raise InputError("journal.url: the prefix of the topics has 1 to 100 of a-z 0-9 . _ -")
    return Cluster(
        servers=servers, prefix=prefix, partitions=partitions, options=options_in(options) if options else {}
    )


@contextmanager
def explained(doing: str, cluster: Cluster) -> Iterator[None]:
    """Raise `UnavailableError` with what was done and why a broker cannot do it, or that there is none."""
    from confluent_kafka import KafkaException

    try:
        yield
    except (KafkaException, TimeoutError) as error:
        raise UnavailableError(f"cannot {doing}: {cluster.heard.why(reason(error))}") from error


def reason(error: object) -> str:
    """Return what a Kafka error says, without its code."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    first = error.args[0] if isinstance(error, BaseException) and error.args else error
    told = getattr(first, "str", None)
    return str(told()) if callable(told) else str(first)
