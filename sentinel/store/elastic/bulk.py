"""Sends documents until each is stored, known, or rejected with a reason: the loop that owns a batch to its end."""

import logging
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

from sentinel.errors import UnavailableError
from sentinel.model.record import Record
from sentinel.store.elastic.outcome import Outcome, Verdict
from sentinel.store.elastic.sizing import BatchSize
from sentinel.store.elastic.wire import DivideError

log = logging.getLogger(__name__)

IN_FLIGHT = 2
"""Requests under way at once: one is indexed while the next is made and travels."""
FEW_ITEMS = 200
"""Not worth a second request."""
FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 30.0
CLOSING = "the store is being closed; what is not stored yet is sent when it is open again"
PATIENCE_SECONDS = 60.0
"""Without progress for so long it gives the batch back, so that people are told; whoever calls tries again for ever."""


class Requests(Protocol):
    """What the loop needs of `wire.Wire`."""

    def send(self, lines: bytes, count: int) -> list[Verdict]:
        """Send documents."""
        ...

    def where(self, ids: Collection[str]) -> dict[str, list[str]]:
        """Say which ids are stored, and where."""
        ...

    def remove(self, copies: Sequence[tuple[str, str]]) -> None:
        """Delete copies."""
        ...


@dataclass(frozen=True, slots=True)
class Item:
    """A record on its way."""

    record: Record
    id: str
    """Under which Elasticsearch keeps it."""
    stream: str
    """The data stream it belongs to."""


Lines = Callable[[Item], bytes]
"""Makes what is sent for an item, action and document, each ending with a newline; while another request travels."""


@dataclass(slots=True)
class Done:
    """What became of a batch."""

    new: int = 0
    rejected: list[tuple[Record, str]] = field(default_factory=list)


class _Load:
    """A batch on its way; shared by the threads that send it."""

    def __init__(self, items: Sequence[Item], in_doubt: bool) -> None:
        self.lock = threading.Lock()
        self.waiting = list(reversed(items))
        """The next one is the last."""
        self.unclear: dict[str, Item] = {}
        """Stored or not; asked before anything of them is sent again."""
        self.was_unclear: set[str] = set()
        self.may_be_ours: set[str] = set()
        """Sent by this call without an answer: found later, they are new all the same."""
        self.done = Done()
        self.trouble = ""
        """Why this round ended early."""
        self.progress = 0
        self.at_most = len(items)
        """Documents in one request: fewer after one was refused as a whole."""
        if in_doubt:
            self.unclear = {item.id: item for item in items}
            self.was_unclear = set(self.unclear)
            self.waiting = []

    @property
    def is_done(self) -> bool:
        return not self.waiting and not self.unclear

    def take(self) -> Item | None:
        """Return the next item; None where there is none, or something stands in the way."""
        with self.lock:
            return self.waiting.pop() if self.waiting and not self.trouble else None

    def put_back(self, chunk: Sequence[Item]) -> None:
        """Give back what was refused as a whole, to be sent in halves."""
        with self.lock:
            self.waiting.extend(reversed(chunk))
            self.at_most = max(1, min(self.at_most, len(chunk) // 2))

    def settle(self, chunk: Sequence[Item], verdicts: Sequence[Verdict]) -> None:
        """Note what became of items that were sent."""
        with self.lock:
            self.at_most *= 2
            for item, verdict in zip(chunk, verdicts, strict=True):
                self._settle(item, verdict)

    def _settle(self, item: Item, verdict: Verdict) -> None:
        identity = item.id
        match verdict.outcome:
            case Outcome.STORED:
                self.done.new += 1
            case Outcome.KNOWN:
                self.done.new += identity in self.may_be_ours
            case Outcome.FAILURE_STORE | Outcome.REJECTED:
                self.done.rejected.append((item.record, verdict.reason))
            case Outcome.AGAIN:
                self.waiting.append(item)
                self.trouble = verdict.reason
                return
            case Outcome.UNCLEAR:
                self.unclear[identity] = item
                self.was_unclear.add(identity)
                self.may_be_ours.add(identity)
                self.trouble = verdict.reason
                return
        self.progress += 1

    def found(self, stored: Collection[str]) -> None:
        """Note which of the unclear ones are stored; the others will be sent."""
        for identity, item in self.unclear.items():
            if identity in stored:
                self.done.new += identity in self.may_be_ours
                self.progress += 1
            else:
                self.waiting.append(item)
        self.unclear = {}


class Bulk:
    """Sends batches; one is under way at a time in each thread that calls."""

    def __init__(
        self,
        requests: Requests,
        lines: Lines,
        counts: Counter[str],
        *,
        stop: threading.Event | None = None,
        patience_seconds: float = PATIENCE_SECONDS,
        first_pause_seconds: float = FIRST_PAUSE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._requests = requests
        self._lines = lines
        self._counts = counts
        self._counting = threading.Lock()
        self._stop = stop or threading.Event()
        self._patience = patience_seconds
        self._first_pause = first_pause_seconds
        self._clock = clock
        self.size = BatchSize()
        self._threads = ThreadPoolExecutor(IN_FLIGHT - 1, thread_name_prefix="elastic-bulk")

    def store(self, items: Sequence[Item], *, in_doubt: bool, check: Callable[[], None]) -> Done:
        """Send `items`, ids all different, until each is stored or rejected.

        Where they are `in_doubt` it asks first which are stored already, over all backing indices: Elasticsearch itself
        knows an id only within one of them. `check` is called before anything is sent again, and may raise. Raises
        `UnavailableError` when there is no progress for long or the store is being closed; then some are stored, and
        the rest is in doubt.
        """
        load = _Load(items, in_doubt)
        attempt, progress, since = 0, 0, self._clock()
        while not load.is_done:
            self._round(load)
            if load.is_done:
                break
            if load.progress > progress:
                attempt, progress, since = 0, load.progress, self._clock()
            if self._clock() - since > self._patience:
                raise UnavailableError(f"cannot write events to Elasticsearch: {load.trouble}")
            self._pause(attempt, load)
            attempt += 1
            check()
        self._mend(load)
        return load.done

    def close(self) -> None:
        """End the threads."""
        self._stop.set()
        self._threads.shutdown()

    def _round(self, load: _Load) -> None:
        """Send what waits, until all is sent or something stands in the way."""
        if self._stop.is_set():
            raise UnavailableError(CLOSING)
        load.trouble = ""
        if load.unclear and not self._ask(load):
            return
        more = IN_FLIGHT - 1 if len(load.waiting) > FEW_ITEMS else 0
        others = [self._threads.submit(self._drain, load) for _ in range(more)]
        try:
            self._drain(load)
        finally:
            for other in others:
                other.exception()
        for other in others:
            other.result()

    def _ask(self, load: _Load) -> bool:
        try:
            stored = self._requests.where(list(load.unclear))
        except UnavailableError as error:
            load.trouble = str(error)
            return False
        self._count(asked=len(load.unclear), found=len(stored))
        load.found(stored)
        return True

    def _drain(self, load: _Load) -> None:
        while not self._stop.is_set():
            chunk, lines = self._fill(load)
            if not chunk:
                return
            start = self._clock()
            try:
                verdicts = self._requests.send(lines, len(chunk))
            except DivideError as error:
                self._divide(load, chunk, len(lines), error)
                continue
            except BaseException:
                # Whoever waits learns of it; what was in hand is not lost from sight.
                load.settle(chunk, [Verdict(Outcome.UNCLEAR, "the request was broken off")] * len(chunk))
                raise
            load.settle(chunk, verdicts)
            self._learn(verdicts, len(lines), self._clock() - start)

    def _fill(self, load: _Load) -> tuple[list[Item], bytes]:
        """Return the next items, and the request with them."""
        chunk: list[Item] = []
        parts: list[bytes] = []
        size = 0
        while size < self.size.bytes and len(chunk) < load.at_most and (item := load.take()) is not None:
            part = self._lines(item)
            chunk.append(item)
            parts.append(part)
            size += len(part)
        return chunk, b"".join(parts)

    def _divide(self, load: _Load, chunk: list[Item], sent: int, error: DivideError) -> None:
        """Take a refused request apart; a document refused alone, by a server that takes others, is rejected."""
        self._count(divided=1)
        if len(chunk) > 1:
            if error.is_size:
                self.size.too_large(sent)
            load.put_back(chunk)
        elif error.is_size or self._counts["stored"] + self._counts["known"]:
            self._count(rejected=1)
            load.settle(chunk, [Verdict(Outcome.REJECTED, str(error))])
        else:
            load.settle(chunk, [Verdict(Outcome.AGAIN, str(error))])

    def _learn(self, verdicts: Sequence[Verdict], sent: int, seconds: float) -> None:
        outcomes = Counter(verdict.outcome.value for verdict in verdicts)
        self._count(requests=1, bytes=sent, **outcomes)
        if outcomes[Outcome.AGAIN.value] or outcomes[Outcome.UNCLEAR.value]:
            self.size.pushed_back()
        else:
            self.size.answered(sent, seconds)

    def _mend(self, load: _Load) -> None:
        """Look for second copies of what was unclear: a request thought lost may have come just before a rollover."""
        copies = [
            (index, identity)
            for identity, indices in self._requests.where(sorted(load.was_unclear)).items()
            for index in indices[1:]
        ]
        if copies:
            log.warning("Some events arrived twice; the second copies are deleted.", extra={"events": len(copies)})
            self._requests.remove(copies)
            self._count(mended=len(copies))

    def _pause(self, attempt: int, load: _Load) -> None:
        """Wait a random part of an ever longer time, so that many workers do not come back together."""
        if not attempt:
            log.warning("Elasticsearch does not take events; they are sent again.", extra={"reason": load.trouble})
        longest = min(self._first_pause * 2**attempt, MAX_PAUSE_SECONDS)
        if self._stop.wait(random.uniform(0, longest)):  # noqa: S311 - spreads load, guards nothing
            raise UnavailableError(CLOSING)

    def _count(self, **more: int) -> None:
        with self._counting:
            self._counts.update(more)
