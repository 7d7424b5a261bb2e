"""One partition of the events: messages become entries at positions that only grow."""

import threading
from collections.abc import Sequence
from datetime import UTC, datetime

from confluent_kafka import Message

from sentinel.errors import UnavailableError
from sentinel.journal import Entry
from sentinel.journal.kafka.cluster import TIMEOUT_SECONDS
from sentinel.journal.kafka.message import HEADER, INDEX_BITS, INDEX_MASK, Opened, opened
from sentinel.journal.kafka.messages import Messages
from sentinel.model.moment import to_text

READ_BYTES = 16_000_000
"""A read ends after the message that brings it here."""
MORE_SECONDS = 0.2
"""So long a read waits for a further message that is there, once it has one."""


class KafkaPart:
    """Reads a partition; safe for many threads, made for one."""

    def __init__(self, messages: Messages) -> None:
        self._messages = messages
        self._lock = threading.Lock()
        self._offset = -1
        self._held: Opened | None = None
        """The message that was read last, at `_offset`."""

    def read(self, position: int, limit: int) -> Sequence[Entry]:
        """Return at most `limit` entries from `position` on; what is damaged comes with a fault."""
        with self._lock:
            low, high = self._messages.bounds()
            offset, index = max((position >> INDEX_BITS, position & INDEX_MASK), (low, 0))
            found: list[Entry] = []
            size = 0
            while len(found) < limit and size < READ_BYTES and offset < high:
                if not self._hold(offset, MORE_SECONDS if found else TIMEOUT_SECONDS):
                    if found:
                        break
                    raise UnavailableError(f"Kafka does not deliver offset {offset} of {self._messages.name}")
                held = self._held
                index = index if self._offset == offset else 0
                offset = self._offset
                if held is not None:
                    end = index + limit - len(found)
                    found += held.entries(offset, index, end)
                    size += sum(map(len, held.lines[index:end]))
                offset, index = offset + 1, 0
            return found

    def begin(self) -> int:
        """Return the position of the first line that Kafka still has."""
        with self._lock:
            return self._messages.bounds()[0] << INDEX_BITS

    def end(self) -> int:
        """Return a position after the last line."""
        with self._lock:
            return self._messages.bounds()[1] << INDEX_BITS

    def identity(self) -> str:
        """Return the topic's id, which another topic of the same name does not have."""
        return self._messages.topic_id()

    def waiting(self, position: int) -> int:
        """Return how many batches are there behind the one of `position`, which is done with but for its rest."""
        with self._lock:
            high = self._messages.bounds()[1]
        return max(0, high - (position >> INDEX_BITS) - ((position & INDEX_MASK) > 0))

    def trim(self, position: int) -> None:
        """Let Kafka forget what lies before the message of `position`."""
        with self._lock:
            self._messages.trim(position >> INDEX_BITS)

    def wait(self, position: int, seconds: float) -> None:
        """Return when there may be something at `position` or behind it, or in `seconds`."""
        with self._lock:
            offset, index = position >> INDEX_BITS, position & INDEX_MASK
            # Behind the last line of its message a position means the next message.
            self._messages.wait(offset + (index > 0), seconds)

    def close(self) -> None:
        """Let go of the brokers; reading again opens it again."""
        with self._lock:
            self._messages.close()

    def _hold(self, offset: int, seconds: float) -> bool:
        if self._held is not None and self._offset == offset:
            return True
        message = self._messages.get(offset, seconds)
        if message is None:
            return False
        self._offset, self._held = message.offset() or 0, self._opened(message)
        return True

    def _opened(self, message: Message) -> Opened:
        head = dict(message.headers() or ()).get(HEADER)
        body = message.value()
        return opened(
            head if isinstance(head, bytes) else None,
            body if isinstance(body, bytes) else b"",
            place=self._messages.name,
            offset=message.offset() or 0,
            written_at=to_text(datetime.fromtimestamp(max(0, message.timestamp()[1]) / 1_000, UTC)),
        )
