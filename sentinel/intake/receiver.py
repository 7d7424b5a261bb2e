"""Takes batches from collectors: unpacks within bounds, keeps them in the journal, counts what is wrong."""

import logging
import re
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy import Engine

from sentinel.errors import ConflictError, InputError, SentinelError, UnavailableError
from sentinel.event import MAX_BATCH_EVENTS, lines
from sentinel.intake.identity import Identities
from sentinel.intake.last_seen import LastSeen
from sentinel.intake.ledger import Counter, Ledger
from sentinel.intake.unpack import TooLargeError, unpack
from sentinel.journal import Batch, Journal
from sentinel.model.agency import Scope
from sentinel.model.collector import Collector
from sentinel.model.moment import to_text

log = logging.getLogger(__name__)

MAX_SEQUENCE = 2**62
_EPOCH = re.compile(r"[0-9a-f]{8,64}")


class BadEpochError(InputError):
    """The name of the epoch is not what a collector makes."""


class Receiver:
    """The intake of batches; safe for many threads."""

    def __init__(self, journal: Journal, engine: Engine) -> None:
        self._journal = journal
        self._ledger = Ledger(engine)
        self._seen = LastSeen(Identities(engine).touch)

    def receive(self, collector: Collector, *, epoch: str, first: int, encoding: str, body: bytes, at: datetime) -> int:
        """Keep a batch, durable on return; return the last sequence received of the epoch.

        Raises `InputError` for a batch that is broken or too large, `ConflictError` with attribute `expected` for a
        gap, `UnavailableError` where nothing can be kept now. All but the last are counted.
        """
        try:
            batch = _batch(collector, epoch=epoch, first=first, encoding=encoding, body=body, at=at)
            last = self._journal.append(batch)
        except (InputError, ConflictError) as error:
            self.refuse(collector, error, at)
            raise
        self._seen.note(collector.id, at)
        return last

    def refuse(self, collector: Collector, error: SentinelError, at: datetime) -> None:
        """Count a batch that is refused for this reason."""
        self.count({(collector.id, _reason(error)): (1, str(error))}, at)

    def count(self, faults: Mapping[tuple[str, str], tuple[int, str]], at: datetime) -> None:
        """Count faults by (collector, reason), with a sentence about the last; a full disk only loses the count."""
        try:
            self._ledger.count(faults, at)
        except UnavailableError as error:
            log.warning("Cannot count faults of intake now.", extra={"reason": str(error)})

    def counters(self, scope: Scope) -> list[Counter]:
        """Return what could not be used of the collectors in scope."""
        return self._ledger.counters(scope)


def _batch(collector: Collector, *, epoch: str, first: int, encoding: str, body: bytes, at: datetime) -> Batch:
    """Return the batch of a request; raise `InputError` saying what is wrong with it."""
    if not _EPOCH.fullmatch(epoch):
        raise BadEpochError("the epoch must be 8 to 64 digits of 0-9 a-f")
    if not 1 <= first < MAX_SEQUENCE:
        raise InputError("the first sequence must be 1 or more")
    plain = unpack(body, encoding)
    # Counted before it is split: millions of tiny lines take far more memory apart than together.
    if (count := plain.count(b"\n") + (not plain.endswith(b"\n"))) > MAX_BATCH_EVENTS:
        raise TooLargeError(f"the batch has {count} events, more than the {MAX_BATCH_EVENTS} allowed")
    found = list(lines(plain))
    if not found:
        raise InputError("the batch has no events; send one only when there are some")
    return Batch(
        collector=collector.id,
        agency=collector.agency,
        epoch=epoch,
        first=first,
        lines=found,
        received_at=to_text(at),
        packed=body if encoding == "zstd" else b"",
    )


def _reason(error: SentinelError) -> str:
    if isinstance(error, BadEpochError):
        return "bad_epoch"
    return {408: "too_slow", 409: "sequence_gap", 413: "too_large", 499: "lost_end"}.get(error.http_status, "bad_batch")
