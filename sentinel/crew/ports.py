"""What the pipeline hands matches and hits to, as it knows them."""

from collections.abc import Sequence
from datetime import datetime
from typing import Protocol

from sentinel.detect.correlate.hit import Hit
from sentinel.journal import Entry
from sentinel.model.match import Match
from sentinel.model.record import Record


class Sieve(Protocol):
    """Keeps back matches that operators shall not see, and counts all; see `sentinel.rulebook.sieve`."""

    def sift(
        self, found: Sequence[tuple[Match, Record]], places: Sequence[int], upto: int
    ) -> list[tuple[Match, Record]]:
        """Return what becomes alerts. `places` are the records' journal positions, `upto` the one after the batch."""
        ...

    def rewind(self) -> None:
        """Positions begin anew: the journal is a new one."""
        ...


class Relay(Protocol):
    """Takes the hits that correlations want to where they are judged; see `sentinel.lanes`."""

    def send(self, first: int, upto: int, found: Sequence[tuple[Entry, Record, Sequence[Hit]]]) -> None:
        """Hand on the hits of the positions from `first` to before `upto`, durable on return; repeats do no harm."""
        ...

    def idle(self, position: int, at: datetime) -> None:
        """Say that nothing received before `at` waits before `position`."""
        ...
