"""The envelope in which a collector ships one observation, and its codec; the only code both sides share.

A batch travels as newline-delimited JSON, one event a line. Collector, epoch and the first sequence number are said
once, in the request, because they are the same for the whole batch: event `i` has sequence `first + i`.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from sentinel.errors import InputError

MAX_RAW_CHARACTERS = 1_000_000
"""A longer raw text is cut by the collector, which says so in the hint `log.truncated`."""
MAX_LINE_BYTES = 8_000_000
"""A longer encoded event is refused before it is parsed; JSON escapes can make six bytes of one character."""
MAX_BATCH_EVENTS = 10_000
MAX_BATCH_BYTES = 32_000_000
"""Size of a batch after decompression."""
MAX_HINTS = 64
MAX_KEY_CHARACTERS = 128

_PLAIN = {str, int, float, bool, type(None)}
Hint = str | int | float | bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Event:
    """One observation, as raw as it was found."""

    collector: str
    """Id the server gave at enrolment."""
    epoch: str
    """Names one life of the collector's spool; a new spool starts a new epoch and counts from 1."""
    sequence: int
    """Position within the epoch, from 1, without gaps."""
    dataset: str
    """Which source it came from, for example `linux.auth`. Chooses the parser."""
    host: str
    """Host name of the machine it was read on."""
    seen_at: datetime
    """When the collector saw it, not when it happened: that is the parser's job."""
    raw: str
    """The line as it was read, or JSON text where the source is not text."""
    hints: Mapping[str, Hint] = field(default_factory=dict)
    """What only the collector can know, by ECS name: `log.file.path`, `log.offset`."""
    key: str = ""
    """Names the content where the sender has no sequence of its own; equal keys of one sender are one event."""


def encode(event: Event) -> bytes:
    """Return `event` as one line of JSON without the line break; collector, epoch and sequence are left out."""
    body: dict[str, object] = {
        "dataset": event.dataset,
        "host": event.host,
        "seen_at": event.seen_at.astimezone(UTC).isoformat(),
        "raw": event.raw,
    }
    if event.hints:
        body["hints"] = dict(event.hints)
    if event.key:
        body["key"] = event.key
    # ASCII escapes keep lone surrogates, which undecodable bytes become, representable.
    return json.dumps(body, separators=(",", ":")).encode("ascii")


def decode(line: bytes, *, collector: str, epoch: str, sequence: int) -> Event:
    """Return the event in `line`; raise `InputError` saying what is wrong with it."""
    if len(line) > MAX_LINE_BYTES:
        raise InputError(f"event {sequence}: {len(line)} bytes, more than the {MAX_LINE_BYTES} allowed")
    try:
        body = json.loads(line)
    except (ValueError, RecursionError) as error:
        raise InputError(f"event {sequence}: not JSON: {error}") from error
    if not isinstance(body, dict):
        raise InputError(f"event {sequence}: expected a JSON object, got {type(body).__name__}")
    hints = body.get("hints", {})
    if not isinstance(hints, dict) or len(hints) > MAX_HINTS or any(type(v) not in _PLAIN for v in hints.values()):
        raise InputError(f"event {sequence}: hints must be at most {MAX_HINTS} names with plain values")
    key = body.get("key", "")
    if not isinstance(key, str) or len(key) > MAX_KEY_CHARACTERS:
        raise InputError(f"event {sequence}: key must be a string of at most {MAX_KEY_CHARACTERS} characters")
    return Event(
        collector=collector,
        epoch=epoch,
        sequence=sequence,
        dataset=_text(body, "dataset", sequence),
        host=_text(body, "host", sequence),
        seen_at=_time(body, sequence),
        raw=_text(body, "raw", sequence),
        hints=hints,
        key=key,
    )


def encode_batch(events: Iterable[Event]) -> bytes:
    """Return the events as newline-delimited JSON, one line each, the last one ended too."""
    return b"".join(encode(event) + b"\n" for event in events)


def lines(body: bytes) -> Iterator[bytes]:
    """Yield the encoded events of a batch body."""
    yield from (line for line in body.split(b"\n") if line)


def _text(body: dict[str, object], key: str, sequence: int) -> str:
    value = body.get(key)
    if not isinstance(value, str):
        raise InputError(f"event {sequence}: {key} must be a string")
    return value


def _time(body: dict[str, object], sequence: int) -> datetime:
    text = _text(body, "seen_at", sequence)
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            raise InputError(f"event {sequence}: seen_at has no time zone")
        return moment.astimezone(UTC)
    except (ValueError, OverflowError) as error:
        # OverflowError: the first and the last hours of the calendar, in a zone that lies beyond them in UTC.
        raise InputError(f"event {sequence}: seen_at is not an ISO 8601 time: {text[:40]!r}") from error
