"""Sends what waits in the spool, and lets go of it only when the server has said it has it."""

import gzip
import logging
import random
import threading
import time
from collections.abc import Callable, Mapping
from typing import Protocol

from collectors.client import Answer
from collectors.spool import Batch, Spool
from sentinel.errors import SentinelError

log = logging.getLogger(__name__)

BATCH_EVENTS = 5_000
BATCH_BYTES = 1 << 20
"""Before compression. Larger only when a single event is."""
FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 60.0
SEND_TIMEOUT_SECONDS = 120.0
"""A 64 kbit/s link takes some 20 s for a compressed batch."""
IDLE_SECONDS = 5.0


class Sender(Protocol):
    """What the shipper needs of `collectors.client.Client`."""

    def post(self, path: str, body: bytes, headers: Mapping[str, str], timeout: float) -> Answer:
        """Send and return the answer, whatever its status; raise `UnavailableError` when there is none."""
        ...


def encodings() -> list[tuple[str, Callable[[bytes], bytes]]]:
    """Return the compressions this install can make, best first."""
    found: list[tuple[str, Callable[[bytes], bytes]]] = [
        ("gzip", lambda body: gzip.compress(body, 6)),
        ("identity", lambda body: body),
    ]
    try:
        import zstandard
    except ModuleNotFoundError:
        return found
    return [("zstd", zstandard.ZstdCompressor(level=3).compress), *found]


class Shipper:
    """One step sends one batch and answers what the server says; how long to pause then is returned, not slept."""

    def __init__(
        self,
        spool: Spool,
        sender: Sender,
        *,
        uniform: Callable[[float, float], float] = random.uniform,
        clock: Callable[[], float] = time.time,
    ) -> None:
        """Prepare; nothing is sent before `step`. `clock` is Unix time, for a Retry-After that is a date."""
        self._spool = spool
        self._sender = sender
        self._uniform = uniform
        self._clock = clock
        self._encodings = encodings()
        self._max_events = BATCH_EVENTS
        self._failures = 0
        self.trouble = ""
        """Why the last batch was not taken; empty when it was."""
        self.sent_events = 0
        self.sent_bytes = 0
        """After compression."""

    def step(self) -> float | None:
        """Send the oldest batch; return the seconds to pause before the next step, None when nothing waits.

        Raises `UnavailableError` when the spool's disk refuses.
        """
        batch = self._spool.batch(self._max_events, BATCH_BYTES)
        if batch is None:
            return None
        encoding, compress = self._encodings[0]
        body = compress(b"\n".join(batch.lines) + b"\n")
        headers = {
            "Content-Type": "application/x-ndjson",
            "Content-Encoding": encoding,
            "Sentinel-Epoch": batch.epoch,
            "Sentinel-First": str(batch.first),
        }
        try:
            answer = self._sender.post("/api/v1/events", body, headers, SEND_TIMEOUT_SECONDS)
            pause = self._answered(batch, answer)
        except SentinelError as error:
            return self._pause(str(error))
        if pause == 0.0:
            self.sent_bytes += len(body)
        return pause

    def run(self, stop: threading.Event) -> None:
        """Send until `stop` is set."""
        while not stop.is_set():
            self._spool.wake.clear()
            pause = self.step()
            if pause is None:
                self._spool.wake.wait(IDLE_SECONDS)
            elif pause > 0:
                stop.wait(pause)

    def _answered(self, batch: Batch, answer: Answer) -> float:
        match answer.status:
            case 200:
                return self._accepted(batch, answer)
            case 409:
                return self._out_of_step(batch, answer)
            case 413 | 400 | 422:
                return self._refused(batch, answer)
            case 415 if len(self._encodings) > 1:
                log.warning("The server does not take this compression.", extra={"encoding": self._encodings[0][0]})
                self._encodings = self._encodings[1:]
                return 0.0
            case 401 | 403:
                sentence = f"the server refuses this collector: {answer.sentence()}; enrol it again if it should send"
                return self._pause(sentence, answer)
            case _:
                return self._pause(f"the server says: {answer.sentence()}", answer)

    def _accepted(self, batch: Batch, answer: Answer) -> float:
        last = answer.json().get("acknowledged")
        if type(last) is not int or last < batch.first:
            return self._pause(f"the server acknowledged {last!r} of a batch that ends at {batch.last}")
        if last > self._spool.state().last:
            self._renew(batch, f"the server has events up to {last} of this epoch, more than were ever written here")
            return 0.0
        self._spool.acknowledge(batch.epoch, last)
        self.sent_events += len(batch.lines)
        self._max_events = min(BATCH_EVENTS, self._max_events * 2)
        self._failures = 0
        self.trouble = ""
        return 0.0

    def _out_of_step(self, batch: Batch, answer: Answer) -> float:
        expected = answer.json().get("expected")
        if type(expected) is not int or expected < 1:
            return self._pause(f"the server says: {answer.sentence()}, but not which sequence it expects")
        if expected < batch.first:
            self._renew(batch, f"the server expects event {expected}, but only those from {batch.first} on are kept")
        elif expected > self._spool.state().last + 1:
            self._renew(batch, f"the server expects event {expected}, which was never written here")
        elif expected == batch.first:
            return self._pause(f"the server expects event {expected} and refuses it: {answer.sentence()}")
        else:
            self._spool.acknowledge(batch.epoch, expected - 1)
        return 0.0

    def _renew(self, batch: Batch, reason: str) -> None:
        if batch.epoch == self._spool.epoch:
            self._spool.renew(reason)

    def _refused(self, batch: Batch, answer: Answer) -> float:
        if len(batch.lines) > 1:
            self._max_events = len(batch.lines) // 2
            return 0.0
        reason = f"the server says: {answer.sentence()}"
        if self._spool.set_aside(batch.epoch, batch.first, reason):
            return 0.0
        # It refuses even the placeholder, so the fault is not in the line: keep everything.
        return self._pause(reason, answer)

    def _pause(self, trouble: str, answer: Answer | None = None) -> float:
        asked = None if answer is None else answer.retry_after(self._clock())
        if trouble != self.trouble:
            log.warning("Events cannot be sent; they wait.", extra={"reason": trouble})
        self.trouble = trouble
        ceiling = min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2 ** min(self._failures, 10))
        self._failures += 1
        # Full jitter: 250 collectors that lost the same server must not come back at the same moment. Where the
        # server names a time, it is kept, and spread on top.
        spread = self._uniform(0.0, ceiling)
        return spread if asked is None else asked + min(spread, 5.0)
