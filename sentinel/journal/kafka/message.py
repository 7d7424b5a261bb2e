"""How a batch lies in messages of Kafka, and what a message becomes again, whatever has happened to it; pure."""

import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import msgspec

from sentinel.errors import UnavailableError
from sentinel.event import MAX_BATCH_EVENTS
from sentinel.journal import Batch, Entry
from sentinel.journal.packing import Head, entry_of, pack, unpack
from sentinel.model.moment import from_text

INDEX_BITS = 14
"""A position is the offset of a message and the place of the line in it, which is below 10,000."""
INDEX_MASK = (1 << INDEX_BITS) - 1
HEADER = "sentinel"
MAX_HEAD_BYTES = 2_000
MAX_SEQUENCE = 2**62
STRANGER = "unknown"
"""Who wrote a message that is not one of ours."""


class _Written(msgspec.Struct, frozen=True):
    """The header of a message, as JSON, so that people with Kafka's own tools can read it."""

    version: int
    collector: str
    agency: str
    epoch: str
    first: int
    count: int
    received_at: str
    crc: int


@dataclass(frozen=True, slots=True)
class Packed:
    """A message on its way out."""

    head: bytes
    body: bytes
    count: int


@dataclass(frozen=True, slots=True)
class Opened:
    """A message that was read."""

    head: Head
    lines: Sequence[bytes]
    fault: str = ""
    """Why all lines are as good as lost; they are empty then."""

    def entries(self, offset: int, begin: int, end: int) -> Iterator[Entry]:
        """Yield the entries of the lines from `begin` to before `end`."""
        for number in range(begin, min(end, len(self.lines))):
            place = (offset << INDEX_BITS) + number
            yield entry_of(self.head, place, number, self.lines[number], self.fault)


def packed(batch: Batch, first: int, lines: Sequence[bytes], max_bytes: int) -> Iterator[Packed]:
    """Yield the messages of some lines of a batch, the first of which has sequence `first`, each small enough.

    Raises `UnavailableError` for a line that is too large for the topic, however it is packed.
    """
    body = pack(lines)
    if len(body) <= max_bytes:
        crc = zlib.crc32(body)
        head = _Written(1, batch.collector, batch.agency, batch.epoch, first, len(lines), batch.received_at, crc)
        yield Packed(msgspec.json.encode(head), body, len(lines))
        return
    if len(lines) == 1:
        raise UnavailableError(
            f"a line of collector {batch.collector} takes {len(body)} bytes, more than the {max_bytes} that the topic "
            "takes; raise max.message.bytes of the topic"
        )
    middle = len(lines) // 2
    yield from packed(batch, first, lines[:middle], max_bytes)
    yield from packed(batch, first + middle, lines[middle:], max_bytes)


def opened(head: bytes | None, body: bytes, *, place: str, offset: int, written_at: str) -> Opened:
    """Return what a message holds; what is damaged, or not ours at all, comes as lines with a fault.

    `place` names topic and partition, `written_at` is when Kafka got the message.
    """
    where = f"the message at offset {offset} of {place}"
    written = _head(head)
    if written is None:
        stranger = Head(STRANGER, "city", place, offset + 1, written_at)
        return Opened(stranger, [b""], f"{where} is damaged, or nobody of Sentinel wrote it")
    known = Head(written.collector, written.agency, written.epoch, written.first, written.received_at)
    lines = unpack(body, written.crc)
    if lines is None or len(lines) != written.count:
        return Opened(known, [b""] * written.count, f"{where} is damaged")
    return Opened(known, lines)


def _head(head: bytes | None) -> _Written | None:
    if head is None or len(head) > MAX_HEAD_BYTES:
        return None
    try:
        written = msgspec.json.decode(head, type=_Written)
        from_text(written.received_at)
    except (msgspec.DecodeError, ValueError):
        return None
    is_sane = 1 <= written.count <= MAX_BATCH_EVENTS and 1 <= written.first < MAX_SEQUENCE
    return written if written.version == 1 and is_sane else None
