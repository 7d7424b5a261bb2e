"""Cuts a byte stream into syslog messages: octet counting or a trailer, told apart frame by frame (RFC 6587)."""

import re
from dataclasses import dataclass

MAX_SKIPPED_BYTES = 256_000_000
"""So much of a message beyond the limit is read past, and its begin kept; beyond that, framing counts as broken."""
# A line without a priority may begin with digits too (`2026-11-28T...`); only `<` behind the blank makes them a count.
_COUNT = re.compile(rb"([1-9]\d{0,9}) <")
_PERHAPS_COUNT = re.compile(rb"[1-9]\d{0,9} ?")
_TRAILER = re.compile(rb"[\n\0]")
_BETWEEN_LINES = re.compile(rb"(?:\r?[\n\0])+")
_BETWEEN_COUNTS = re.compile(rb"[\r\n\0]+")
_BEGIN = ord("<")


@dataclass(frozen=True, slots=True)
class Frame:
    """One message without its count or trailer."""

    data: bytes
    is_cut: bool = False
    """Whether the message was longer than allowed, or the stream ended before its trailer came."""


class Framing:
    """The state of one stream; it holds at most one message of `limit` bytes and what was fed last."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._buffer = bytearray()
        self._looked = 0
        """So many bytes of the line in the buffer were searched for its trailer in vain."""
        self._to_skip = 0
        """Bytes of a counted message beyond the limit that are still to come."""
        self._skipped: int | None = None
        """Bytes of a line beyond the limit that were read past; None when no line is."""
        self._is_after_count = False
        self.fault = ""
        """Why nothing more can be told apart in this stream; empty while it can."""

    @property
    def is_midway(self) -> bool:
        """Return whether a message has begun and not ended."""
        return bool(self._buffer) or self._to_skip > 0 or self._skipped is not None

    def feed(self, data: bytes) -> list[Frame]:
        """Return the messages that `data` completes, none after a fault; how bytes are split makes no difference."""
        frames: list[Frame] = []
        if self.fault:
            return frames
        self._buffer += data
        at = 0
        while at < len(self._buffer) and (step := self._step(at, frames)) > 0:
            at += step
        del self._buffer[: len(self._buffer) if self.fault else at]
        return frames

    def finish(self) -> list[Frame]:
        """Return what is left at the orderly end of the stream: a last line without its trailer, marked as cut.

        A counted message that is not whole is known to be none; it becomes the fault.
        """
        rest = bytes(self._buffer)
        self._buffer.clear()
        if self.fault or not rest or self._skipped is not None:
            return []
        if self._looked == 0 and (self._is_after_count or _COUNT.match(rest)):
            self.fault = "the stream ended within a counted message"
            return []
        return _frames(rest.removesuffix(b"\r"), is_cut=True)

    def _step(self, at: int, frames: list[Frame]) -> int:
        """Take one thing from the buffer at `at`; return how many bytes that were, 0 where more must come first."""
        if self._to_skip:
            step = min(self._to_skip, len(self._buffer) - at)
            self._to_skip -= step
            return step
        if self._skipped is not None:
            return self._skip_line(at)
        if self._looked:
            return self._line(at, frames)
        between = (_BETWEEN_COUNTS if self._is_after_count else _BETWEEN_LINES).match(self._buffer, at)
        if between is not None:
            return between.end() - at
        if (count := _COUNT.match(self._buffer, at)) is not None:
            return self._counted(count, frames)
        perhaps = _PERHAPS_COUNT.match(self._buffer, at)
        if perhaps is not None and perhaps.end() == len(self._buffer):
            return 0
        if self._is_after_count and self._buffer[at] != _BEGIN:
            return self._break("a count was wrong: what follows its message is neither a count nor a message")
        self._is_after_count = False
        return self._line(at, frames)

    def _counted(self, count: re.Match[bytes], frames: list[Frame]) -> int:
        length, begin = int(count[1]), count.end() - 1
        if length - self._limit > MAX_SKIPPED_BYTES:
            return self._break(f"a message of {length} bytes is announced")
        end = begin + min(length, self._limit)
        if end > len(self._buffer):
            return 0
        self._is_after_count = True
        self._to_skip = length - (end - begin)
        data = bytes(self._buffer[begin:end])
        frames.extend([Frame(data, is_cut=True)] if self._to_skip else _frames(untrailed(data)))
        return end - count.start()

    def _line(self, at: int, frames: list[Frame]) -> int:
        found = _TRAILER.search(self._buffer, at + self._looked)
        length = (found.start() if found else len(self._buffer)) - at
        if length > self._limit:
            frames.append(Frame(bytes(self._buffer[at : at + self._limit]), is_cut=True))
            self._looked, self._skipped = 0, 0
            return self._limit
        if found is None:
            self._looked = length
            return 0
        self._looked = 0
        frames.extend(_frames(bytes(self._buffer[at : found.start()]).removesuffix(b"\r")))
        return length + 1

    def _skip_line(self, at: int) -> int:
        found = _TRAILER.search(self._buffer, at)
        step = (found.end() if found else len(self._buffer)) - at
        self._skipped = (self._skipped or 0) + step
        if self._skipped > MAX_SKIPPED_BYTES:
            return self._break(f"a line does not end within {MAX_SKIPPED_BYTES} bytes")
        if found:
            self._skipped = None
        return step

    def _break(self, fault: str) -> int:
        self.fault = fault
        return 0


def untrailed(data: bytes) -> bytes:
    """Return a counted message or a datagram without the line breaks and NULs that many senders put behind it."""
    return data.rstrip(b"\r\n\0")


def _frames(data: bytes, *, is_cut: bool = False) -> list[Frame]:
    return [Frame(data, is_cut)] if data else []
