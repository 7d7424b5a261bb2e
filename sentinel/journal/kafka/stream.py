"""A topic of plain messages, read part by part from any offset: the way of hits to who judges correlations."""

import threading
from collections.abc import Sequence

from sentinel.errors import UnavailableError
from sentinel.journal.kafka.cluster import TIMEOUT_SECONDS
from sentinel.journal.kafka.messages import Messages
from sentinel.journal.kafka.part import MORE_SECONDS

READ_BYTES = 32_000_000


class Stream:
    """One part of the topic; safe for many threads, made for one."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self._lock = threading.Lock()

    def read(self, offset: int, limit: int) -> Sequence[tuple[int, bytes]]:
        """Return at most `limit` messages with their offsets, from `offset` on or the first that is there."""
        with self._lock:
            low, high = self._messages.bounds()
            offset = max(offset, low)
            found: list[tuple[int, bytes]] = []
            size = 0
            while offset < high and len(found) < limit and size < READ_BYTES:
                message = self._messages.get(offset, MORE_SECONDS if found else TIMEOUT_SECONDS)
                if message is None and found:
                    break
                if message is None:
                    raise UnavailableError(f"Kafka does not deliver offset {offset} of {self._messages.name}")
                body = message.value()
                offset = (message.offset() or 0) + 1
                found.append((offset - 1, body if isinstance(body, bytes) else b""))
                size += len(found[-1][1])
            return found

    def end(self) -> int:
        """Return the offset after the last message."""
        with self._lock:
            return self._messages.bounds()[1]

    def trim(self, offset: int) -> None:
        """Let Kafka forget what lies before `offset`, now and then."""
        with self._lock:
            self._messages.trim(offset)

    def wait(self, offset: int, seconds: float) -> None:
        """Return when there is a message at `offset`, or in `seconds`."""
        with self._lock:
            self._messages.wait(offset, seconds)

    def close(self) -> None:
        """Let go of the brokers."""
        with self._lock:
            self._messages.close()
