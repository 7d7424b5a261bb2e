"""One crew of worker processes for many lanes: it ends when it is replaced and the last lane has let go of it."""

import threading
from collections.abc import Callable, Sequence

from sentinel.crew.crew import Hands, Ticket
from sentinel.journal import Entry


class Shares:
    """Gives out shares of a crew."""

    def __init__(self, crew: Hands | None) -> None:
        """Share a crew, or the lack of one."""
        self._crew = crew
        self._lock = threading.Lock()
        self._users = 0
        self._is_retired = False

    def take(self) -> "Share | None":
        """Return a share; None where there is no crew."""
        if self._crew is None:
            return None
        with self._lock:
            self._users += 1
        return Share(self._crew, self._give_back)

    def retire(self) -> None:
        """Let the crew end as soon as nobody has a share."""
        with self._lock:
            self._is_retired = True
        self._end()

    def _give_back(self) -> None:
        with self._lock:
            self._users -= 1
        self._end()

    def _end(self) -> None:
        with self._lock:
            is_over = self._is_retired and self._users == 0
        if is_over and self._crew is not None:
            self._crew.close()


class Share:
    """What a lane has of the crew."""

    def __init__(self, crew: Hands, give_back: Callable[[], None]) -> None:
        self._crew = crew
        self._give_back = give_back
        self._is_open = True

    def begin(self, entries: Sequence[Entry]) -> Ticket:
        """Hand out entries; the result waits in the ticket."""
        return self._crew.begin(entries)

    def close(self) -> None:
        """Need the crew no more."""
        if self._is_open:
            self._is_open = False
            self._give_back()
