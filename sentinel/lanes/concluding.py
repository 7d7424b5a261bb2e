"""The loop over one part of the hits: what they complete becomes alerts, then the mark moves with the state."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from typing import Protocol

from sentinel.crew.ports import Sieve
from sentinel.errors import InputError, SentinelError
from sentinel.lanes import hits
from sentinel.lanes.conclusions import Completed, Conclusions
from sentinel.loop import Loop
from sentinel.pipeline import ATTEMPTS, OnMatches
from sentinel.store import Mark, Store

log = logging.getLogger(__name__)

FIRST_PARTITION = 1_000
"""Marks of the hits are told from those of the events by numbers from here on."""
STEP_MESSAGES = 500
QUIET_MESSAGES = 200
"""While nothing happens the mark is written every so many messages only; reading them again does no harm."""
Message = tuple[int, bytes]


class Stream(Protocol):
    """One part of the hits."""

    def read(self, offset: int, limit: int) -> Sequence[Message]:
        """Return messages with their offsets from `offset` on; empty at the end."""
        ...

    def end(self) -> int:
        """Return the offset after the last message."""
        ...

    def trim(self, offset: int) -> None:
        """Forget what lies before `offset`, now or later."""
        ...


class Concluding:
    """Judges correlations for one part of the hits. The store's mark is its only cursor."""

    def __init__(
        self,
        number: int,
        stream: Stream,
        store: Store,
        conclusions: Conclusions,
        on_matches: OnMatches,
        sieve: Sieve | None = None,
    ) -> None:
        self._number = number
        self._partition = FIRST_PARTITION + number
        self._stream = stream
        self._store = store
        self._conclusions = conclusions
        self._next: Conclusions | None = None
        self._on_matches = on_matches
        self._sieve = sieve
        self._marked: int | None = None
        """Position of the mark that the state in memory goes back to; None: it stands nowhere."""
        self._offset = 0
        self._is_changed = False
        self._attempts: tuple[int, int] = (-1, 0)
        self._counts: Counter[str] = Counter()
        self._loop = Loop(f"correlation lane {number}")

    @property
    def trouble(self) -> str:
        """Return why the loop stands still; empty while it does not."""
        return self._loop.trouble

    @property
    def position(self) -> int:
        """Return the offset after the last message that was taken in, for people."""
        return self._offset

    @property
    def statistics(self) -> dict[str, object]:
        """Return what was done since the start: `messages`, `matches`, `damaged`, `gaps`, `failures`."""
        counts = {name: self._counts[name] for name in ("messages", "matches", "damaged", "gaps")}
        return {**counts, "failures": self._loop.failures}

    def replace(self, conclusions: Conclusions) -> None:
        """Judge by other rules from the next messages on; correlations that are the same keep what they gathered."""
        self._next = conclusions

    def run(self, stop: threading.Event, wake: threading.Event, idle: Callable[[], object]) -> None:
        """Take in messages until `stop` is set; a failure is logged and tried again, ever more slowly."""
        self._loop.run(self.step, stop, wake, idle)

    def step(self, limit: int = STEP_MESSAGES) -> int:
        """Take in at most `limit` messages; return how many. What stands in the way is raised, and nothing is lost."""
        self._settle()
        messages = self._stream.read(self._offset, limit)
        try:
            matches, places = self._take(messages)
            if matches:
                self._tell(matches, places)
            if messages and (self._is_changed or self._offset - (self._marked or 0) >= QUIET_MESSAGES):
                self._mark()
        except Exception:
            # All is taken back to the mark, and read again from there.
            self._marked = None
            raise
        return len(messages)

    def close(self) -> None:
        """Have nothing to release: the loop has ended."""

    def _settle(self) -> None:
        """Stand where the mark is, unless we do: at the start, after a failure, and where another was here."""
        if self._next is not None:
            if self._marked is not None and self._offset > self._marked:
                self._mark()
            self._conclusions, self._next, self._marked = self._next, None, None
        mark = self._store.mark(self._partition)
        if mark.position == self._marked:
            return
        self._marked = None
        try:
            self._conclusions.load(mark.detection_state)
        except InputError:
            log.exception("The state of correlations cannot be read; they begin anew.")
            self._conclusions.load(b"")
        self._offset = self._marked = mark.position
        self._is_changed = False
        if self._offset > self._stream.end():
            log.warning("The topic of hits is younger than its mark; reading it anew.", extra={"mark": self._offset})
            self._offset = 0
            self._mark()
            if self._sieve is not None:
                self._sieve.rewind()

    def _take(self, messages: Sequence[Message]) -> tuple[list[Completed], list[int]]:
        matches: list[Completed] = []
        places: list[int] = []
        gaps = self._conclusions.gaps
        for offset, body in messages:
            found = self._judged(offset, body)
            matches += found
            places += [offset] * len(found)
            self._offset = offset + 1
            self._counts["messages"] += 1
        if lost := self._conclusions.gaps - gaps:
            self._counts["gaps"] += lost
            log.error("Hits are missing between two messages; correlations may have missed something.",
                      extra={"lane": self._number})  # fmt: skip
        return matches, places

    def _judged(self, offset: int, body: bytes) -> list[Completed]:
        try:
            stretch = hits.decode(body)
            self._is_changed = self._is_changed or bool(stretch.wanted)
            return self._conclusions.take(stretch)
        except InputError as error:
            self._set_aside(offset, str(error))
        except SentinelError:
            raise
        except Exception:
            # Part of the supervised loop: whatever one message does, the others go on.
            last, attempts = self._attempts
            self._attempts = (offset, attempts + 1 if last == offset else 1)
            if self._attempts[1] < ATTEMPTS:
                raise
            log.exception("A message of hits could not be processed.")
            self._set_aside(offset, "Sentinel failed on it")
        return []

    def _set_aside(self, offset: int, reason: str) -> None:
        self._counts["damaged"] += 1
        log.error(
            "A message of hits is passed over; correlations may have missed something.",
            extra={"lane": self._number, "offset": offset, "reason": reason},
        )

    def _tell(self, matches: list[Completed], places: Sequence[int]) -> None:
        shown = matches if self._sieve is None else self._sieve.sift(matches, places, self._offset)
        if shown:
            self._on_matches(shown)
        self._counts["matches"] += len(matches)
        self._is_changed = True

    def _mark(self) -> None:
        self._store.add((), Mark(self._offset, self._conclusions.dump(), self._partition))
        self._marked = self._offset
        self._is_changed = False
        self._stream.trim(self._offset)
