"""How lines lie in a journal: packed together, each becoming an entry again, whatever has happened to them."""

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

import zstandard

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.journal import Batch, Entry
from sentinel.journal.decode import decode
from sentinel.model.moment import from_text

MAX_BODY_BYTES = 64_000_000
"""A stored batch that unpacks to more than this is damaged; intake lets through half of it."""
_PIECE = 1 << 20
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


def packed(batch: Batch, skip: int) -> bytes:
    """Return the lines of a batch but the first `skip` as one body; as it came, where it may be kept so."""
    return batch.packed if batch.packed and not skip else pack(batch.lines[skip:])


def unpack(body: bytes, crc: int) -> list[bytes] | None:
    """Return the lines of a body with that checksum; None where it is damaged."""
    if zlib.crc32(body) != crc:
        return None
    try:
        plain = _plain(body)
    except zstandard.ZstdError:
        return None
    # Intake counts no empty lines.
    return [line for line in plain.split(b"\n") if line]


def _plain(body: bytes) -> bytes:
    """Return what a frame holds, at most `MAX_BODY_BYTES`; one that came from outside need not say how much that is."""
    unpacker = zstandard.ZstdDecompressor()
    if 0 <= zstandard.frame_content_size(body) <= MAX_BODY_BYTES:
        return unpacker.decompress(body)
    with unpacker.stream_reader(body) as reader:
        pieces, left = [], MAX_BODY_BYTES
        while left and (piece := reader.read(min(left, _PIECE))):
            pieces.append(piece)
            left -= len(piece)
    if not left:
        raise zstandard.ZstdError(f"more than {MAX_BODY_BYTES} bytes")
    return b"".join(pieces)


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
