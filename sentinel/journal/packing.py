"""How lines lie in a journal: packed together, each becoming an entry again, whatever has happened to them."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import zstandard

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.journal import Entry
from sentinel.journal.decode import decode
from sentinel.model.moment import from_text

MAX_BODY_BYTES = 64_000_000
"""A stored batch that unpacks to more than this is damaged; intake lets through half of it."""
MAX_FAULT_CHARACTERS = 1_000_000
"""What is kept of a line that cannot be decoded."""
UNKNOWN_DATASET = "unknown"


@dataclass(frozen=True, slots=True)
class Head:
    """What the lines of a stored batch have in common."""

    collector: str
    agency: str
    epoch: str
    first: int
    """Sequence of the first line."""
    received_at: str


def pack(lines: Sequence[bytes]) -> bytes:
    """Return the lines as one body."""
    return zstandard.ZstdCompressor(level=1).compress(b"\n".join(lines))


def unpack(body: bytes, crc: int) -> list[bytes] | None:
    """Return the lines of a body with that checksum; None where it is damaged."""
    if zlib.crc32(body) != crc:
        return None
    try:
        return zstandard.ZstdDecompressor().decompress(body, max_output_size=MAX_BODY_BYTES).split(b"\n")
    except zstandard.ZstdError:
        return None


def entry_of(head: Head, place: int, number: int, line: bytes, fault: str = "") -> Entry:
    """Return the entry at `place`, which is line `number` of its batch, from 0; with a fault where it is none."""
    sequence = head.first + number
    if not fault:
        try:
            event = decode(line, collector=head.collector, epoch=head.epoch, sequence=sequence)
            return Entry(place, head.agency, head.received_at, event)
        except InputError as error:
            fault = str(error)
    event = Event(
        collector=head.collector,
        epoch=head.epoch,
        sequence=sequence,
        dataset=UNKNOWN_DATASET,
        host="",
        seen_at=from_text(head.received_at),
        raw=line.decode("utf-8", "backslashreplace")[:MAX_FAULT_CHARACTERS],
    )
    return Entry(place, head.agency, head.received_at, event, fault)
