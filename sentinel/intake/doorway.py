"""The way of senders without sequences into the journal; every door but Sentinel's own ends here."""

import logging
import secrets
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy import Engine

from sentinel.errors import SentinelError, UnavailableError
from sentinel.event import MAX_BATCH_BYTES, MAX_BATCH_EVENTS
from sentinel.intake.last_seen import LastSeen
from sentinel.intake.ledger import Ledger
from sentinel.intake.lines import Line, Tally, encoded, keys
from sentinel.intake.pace import Pace
from sentinel.intake.senders import Senders
from sentinel.journal import Batch, Journal
from sentinel.model import moment
from sentinel.model.moment import to_text
from sentinel.model.sender import Sender

log = logging.getLogger(__name__)

REFUSED_EVENTS = 10
"""What a refused request costs."""
HURRY_SECONDS = 1.0
"""Who goes too fast is written down so often at most: it may be a thousand times a second."""
Faults = Mapping[str, tuple[int, str]]
"""Reason to how many and a sentence about the last one."""


class TooFastError(SentinelError):
    """The sender goes faster than agreed."""

    http_status = 429

    def __init__(self, message: str, wait_seconds: float) -> None:
        super().__init__(message)
        self.wait_seconds = wait_seconds


@dataclass(slots=True)
class _Life:
    """One run of sequence numbers of a sender; it ends with the first failure, for nobody knows what was kept then."""

    epoch: str = field(default_factory=lambda: secrets.token_hex(16))
    last: int = 0


class Doorway:
    """Keeps lines of senders in the journal; safe for many threads, and for many servers on one journal."""

    def __init__(
        self,
        journal: Journal,
        engine: Engine,
        wake: threading.Event,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._journal = journal
        self._ledger = Ledger(engine)
        self._seen = LastSeen(Senders(engine).touch)
        self._wake = wake
        self._monotonic = monotonic
        self._guard = threading.Lock()
        self._turns: dict[str, threading.Lock] = {}
        self._lives: dict[str, _Life] = {}
        self._paces: dict[str, Pace] = {}
        self._hurries: dict[str, tuple[float, int]] = {}
        self._counts: Counter[tuple[str, str]] = Counter()

    @property
    def statistics(self) -> dict[tuple[str, str], int]:
        """Return by door and kind what happened since the start: `events`, `bytes` and reasons of refusal."""
        with self._guard:
            return dict(self._counts)

    def wait_seconds(self, sender: Sender) -> float:
        """Return for how long the sender has to stay silent; 0 where it may send."""
        with self._guard:
            return self._pace(sender).wait(self._monotonic())

    def admit(self, sender: Sender) -> None:
        """Raise `TooFastError` while the sender has sent more than it may; asked before its body is read."""
        if wait := self.wait_seconds(sender):
            limits = sender.limits
            sentence = (
                f"sender {sender.id} may send {limits.events_per_second} events and {limits.bytes_per_second} bytes a "
                f"second; wait {wait:.1f} s"
            )
            if number := self._hurried(sender):
                self.count(sender, {"too_fast": (number, sentence)})
            raise TooFastError(sentence, wait)

    def charge(self, sender: Sender, size: int) -> None:
        """Let a request that was refused use up what the sender may send, so that nobody sends nonsense at will."""
        with self._guard:
            self._pace(sender).take(REFUSED_EVENTS, size)

    def take(
        self,
        sender: Sender,
        lines: Sequence[Line],
        *,
        size: int,
        at: datetime | None = None,
        tally: Tally | None = None,
        zone: str = "",
    ) -> int:
        """Keep the lines, durable on return, in their order; return how many they were.

        `size` is what they took in bytes on their way. `tally` is that of the connection, where a door has lasting
        ones; without, the lines are one request. `zone` is that of times that name none. Raises `UnavailableError`
        where nothing can be kept now: then a part may be kept, and is known when everything is sent again.
        """
        at = at or moment.now()
        if lines:
            named = keys(sender.id, lines, at, tally or Tally())
            ready = [encoded(line, key, at, zone) for line, key in zip(lines, named, strict=True)]
            self._append(sender, ready, to_text(at))
            self._wake.set()
        with self._guard:
            # Only what was kept: who has to send again shall not wait for that too.
            self._pace(sender).take(len(lines), size)
        self._note(sender.door, {"events": len(lines), "bytes": size})
        self._seen.note(sender.id, at)
        return len(lines)

    def count(self, sender: Sender, faults: Faults) -> None:
        """Count what a sender sent and nobody could use, by reason; a full disk only loses the count."""
        self._note(sender.door, {reason: number for reason, (number, _) in faults.items()})
        try:
            self._ledger.count({(sender.id, reason): fault for reason, fault in faults.items()}, moment.now())
        except UnavailableError as error:
            log.warning("Cannot count faults of intake now.", extra={"reason": str(error)})

    def refused(self, door: str, reason: str = "unknown_sender", number: int = 1) -> None:
        """Count requests, packets or connections that no sender can be blamed for."""
        self._note(door, {reason: number})

    def _hurried(self, sender: Sender) -> int:
        """Return how many requests came too fast since they were written last; 0 to write later."""
        at = self._monotonic()
        with self._guard:
            written, number = self._hurries.get(sender.id, (float("-inf"), 0))
            is_due = at - written >= HURRY_SECONDS
            self._hurries[sender.id] = (at, 0) if is_due else (written, number + 1)
        return number + 1 if is_due else 0

    def _append(self, sender: Sender, lines: Sequence[bytes], received_at: str) -> None:
        with self._turn(sender.id):
            for part in _parts(lines):
                life = self._lives.setdefault(sender.id, _Life())
                batch = Batch(sender.id, sender.agency, life.epoch, life.last + 1, part, received_at)
                try:
                    life.last = self._journal.append(batch)
                except BaseException:
                    # Whatever became of it: the next batch must not be taken for a repeat of this one.
                    del self._lives[sender.id]
                    raise

    def _turn(self, sender: str) -> threading.Lock:
        with self._guard:
            return self._turns.setdefault(sender, threading.Lock())

    def _pace(self, sender: Sender) -> Pace:
        pace = self._paces.get(sender.id)
        if pace is None or pace.limits != sender.limits:
            pace = self._paces[sender.id] = Pace(sender.limits, self._monotonic())
        return pace

    def _note(self, door: str, counts: Mapping[str, int]) -> None:
        with self._guard:
            for kind, number in counts.items():
                self._counts[door, kind] += number


def _parts(lines: Sequence[bytes]) -> Iterator[Sequence[bytes]]:
    """Yield the lines in parts that a journal takes as one batch."""
    part: list[bytes] = []
    size = 0
    for line in lines:
        if part and (len(part) >= MAX_BATCH_EVENTS or size + len(line) >= MAX_BATCH_BYTES):
            yield part
            part, size = [], 0
        part.append(line)
        size += len(line) + 1
    yield part
