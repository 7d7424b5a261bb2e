"""Lines of senders without sequences: what identifies each, so that one sent again is known."""

import hashlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sentinel.errors import InputError
from sentinel.event import MAX_LINE_BYTES, Event, Hint, encode
from sentinel.model.hints import TIME
from sentinel.model.moment import to_text

ZONE = "event.timezone"
MAX_GIVEN_ID_BYTES = 512
"""As Elasticsearch has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Line:
    """One thing a sender said, as it said it."""

    raw: str
    dataset: str
    host: str = ""
    time: datetime | None = None
    """When it happened, where the sender says so beside the line; what stands in the line is the parser's job."""
    hints: Mapping[str, Hint] = field(default_factory=dict)
    given_id: str = ""
    """What the sender itself calls this event; the same id again is the same event."""
    has_time: bool = False
    """Whether the line is known to hold its own time, as a syslog line does."""


class Tally:
    """Numbers lines with equal content within one request or one connection. One thread."""

    def __init__(self, limit: int = 100_000) -> None:
        self._seen: Counter[bytes] = Counter()
        self._limit = limit

    def ordinal(self, content: bytes) -> int:
        """Return how many with this content came before."""
        if len(self._seen) >= self._limit and content not in self._seen:
            # A connection may last for months; what repeats does so soon.
            self._seen.clear()
        self._seen[content] += 1
        return self._seen[content] - 1


def keys(sender: str, lines: Sequence[Line], received_at: datetime, tally: Tally) -> list[str]:
    """Return the key of each line, the same when the lines are sent again; `docs/reference/doors.md` has the limits.

    A given id decides alone. A line with a time of its own is known by its content and by how many of the same content
    came before it. One without is too often the same by chance: all such lines of the request together, and the hour
    in which they came, stand for its time.
    """
    contents = [_content(line) for line in lines]
    together = hashlib.sha256(f"{received_at:%Y-%m-%dT%H}".encode())
    for line, content in zip(lines, contents, strict=True):
        if not _is_dated(line):
            together.update(content)
    occasion = together.digest()
    found = []
    for line, content in zip(lines, contents, strict=True):
        if line.given_id:
            parts = [b"id", line.given_id.encode("utf-8", "backslashreplace")]
        else:
            ordinal = str(tally.ordinal(content)).encode()
            parts = [b"content", content, ordinal] if _is_dated(line) else [b"occasion", occasion, content, ordinal]
        found.append(hashlib.sha256(b"\0".join([sender.encode(), *parts])).hexdigest()[:40])
    return found


def encoded(line: Line, key: str, received_at: datetime, zone: str = "") -> bytes:
    """Return the line as the journal keeps it; raise `InputError` where it is longer than can be read again.

    A time in it that names no zone is read in `zone`, unless the sender said one. It is no part of the key: what was
    sent before a setting was changed is the same afterwards.
    """
    hints = {ZONE: zone, **line.hints} if zone else dict(line.hints)
    if line.time is not None:
        hints[TIME] = to_text(line.time)
    event = Event(
        collector="",
        epoch="",
        sequence=0,
        dataset=line.dataset,
        host=line.host,
        seen_at=received_at,
        raw=line.raw,
        hints=hints,
        key=key,
    )
    made = encode(event)
    if len(made) > MAX_LINE_BYTES:
        raise InputError(f"an event of {len(made)} bytes with what stands beside it; at most {MAX_LINE_BYTES} are kept")
    return made


def _is_dated(line: Line) -> bool:
    return line.has_time or line.time is not None or bool(line.given_id)


def _content(line: Line) -> bytes:
    """Return a digest of everything that the sender said of a line."""
    time = to_text(line.time) if line.time else ""
    hints = "\0".join(f"{name}={value!r}" for name, value in sorted(line.hints.items()))
    text = "\0".join((line.dataset, line.host, time, hints, line.raw))
    return hashlib.sha256(text.encode("utf-8", "backslashreplace")).digest()
