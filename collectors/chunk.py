"""Encoded lines as they lie in the spool: packed, checksummed, and replaced by a placeholder where one is lost."""

import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import datetime

from collectors.reading import GAP, Reading
from sentinel.event import MAX_HINTS, MAX_LINE_BYTES, MAX_RAW_CHARACTERS, Event, encode

CHUNK_LINES = 2_000
CHUNK_BYTES = 512 * 1024
_GAP_START = f'{{"dataset":"{GAP}"'.encode("ascii")


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some encoded lines in order."""

    count: int
    body: bytes
    """The lines, each ended by a line break."""
    crc: int
    """CRC-32 of the body."""

    def is_sound(self) -> bool:
        """Return whether the body is what was packed."""
        return zlib.crc32(self.body) == self.crc and self.body.count(b"\n") == self.count

    def lines(self) -> list[bytes]:
        """Return the lines without their line breaks."""
        return self.body.split(b"\n")[:-1]


def pack(lines: Iterable[bytes]) -> Iterator[Chunk]:
    """Yield the lines as chunks of at most 2,000 lines or 512 KiB; a longer line is a chunk of its own."""
    waiting: list[bytes] = []
    size = 0
    for line in lines:
        if waiting and (len(waiting) >= CHUNK_LINES or size + len(line) >= CHUNK_BYTES):
            yield seal(waiting)
            waiting, size = [], 0
        waiting.append(line)
        size += len(line) + 1
    if waiting:
        yield seal(waiting)


def seal(lines: list[bytes]) -> Chunk:
    """Return one chunk of all `lines`."""
    body = b"\n".join(lines) + b"\n"
    return Chunk(len(lines), body, zlib.crc32(body))


def line_of(reading: Reading, host: str) -> bytes:
    """Return `reading` as the line the server takes, cut where it is longer than that, which a hint then says."""
    if len(reading.raw) > MAX_RAW_CHARACTERS:
        reading = _cut(reading, MAX_RAW_CHARACTERS)
    line = _encode(reading, host)
    while len(line) > MAX_LINE_BYTES:
        reading = _cut(reading, len(reading.raw) // 2)
        line = _encode(reading, host)
    return line


def placeholder(sentence: str, seen_at: datetime, host: str) -> bytes:
    """Return a line that keeps the place of a lost one, so that sequences stay without gaps, and says why."""
    return _encode(Reading(GAP, sentence, seen_at), host)


def is_placeholder(line: bytes) -> bool:
    """Return whether `line` says that something was lost."""
    return line.startswith(_GAP_START)


def _cut(reading: Reading, length: int) -> Reading:
    hints = dict(list(reading.hints.items())[: MAX_HINTS - 1])
    return replace(reading, raw=reading.raw[:length], hints={**hints, "log.truncated": True})


def _encode(reading: Reading, host: str) -> bytes:
    # Collector, epoch and sequence are said once per batch, so they do not matter here.
    return encode(
        Event(
            collector="",
            epoch="",
            sequence=0,
            dataset=reading.dataset,
            host=host,
            seen_at=reading.seen_at,
            raw=reading.raw,
            hints=reading.hints,
        )
    )
