"""Plain rules for many lanes of one process: they share the compiled rules, one at a time."""

import threading
from collections.abc import Sequence

from sentinel.detect.correlate.hit import Hit
from sentinel.detect.engine import Engine
from sentinel.model.match import Match
from sentinel.model.record import Record


class PlainRules:
    """An engine without its correlations, which are judged by who owns the hits. Safe for many threads."""

    def __init__(self, engine: Engine, lock: threading.Lock) -> None:
        """Use `engine` only while `lock` is held."""
        self._engine = engine
        self._lock = lock

    def judge(self, records: Sequence[Record]) -> list[list[Hit]]:
        """Return the hits on each record."""
        with self._lock:
            return self._engine.judge(records)

    def conclude(self, records: Sequence[Record], hits: Sequence[Sequence[Hit]]) -> list[tuple[Match, Record]]:
        """Return the matches of plain rules."""
        return self._engine.own(records, hits)

    def advance(self, received: int) -> list[tuple[Match, Record]]:
        """Return nothing: nothing waits here."""
        del received
        return []

    def checkpoint(self) -> bytes:
        """Return nothing: there is no state."""
        return b""

    def changes(self) -> bytes | None:
        """Return None: an empty checkpoint is as short."""
        return None

    def restore(self, state: bytes) -> None:
        """Have no state to go back to."""
