"""Notes signs of life, but not every one: a write to the database for each batch would be the dearest part of it."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta

from sentinel.errors import UnavailableError

log = logging.getLogger(__name__)

TOUCH_EVERY = timedelta(seconds=20)
"""A last sign of life is written so often at most."""


class LastSeen:
    """Passes signs of life on to `touch`; safe for many threads."""

    def __init__(self, touch: Callable[[str, datetime], None]) -> None:
        self._touch = touch
        self._touched: dict[str, datetime] = {}
        self._touching = threading.Lock()

    def note(self, who: str, at: datetime) -> None:
        """Note that `who` sent something; a database that is down only loses the note."""
        with self._touching:
            last = self._touched.get(who)
            if last is not None and timedelta(0) <= at - last < TOUCH_EVERY:
                return
            self._touched[who] = at
        try:
            self._touch(who, at)
        except UnavailableError as error:
            log.warning("Cannot note a sign of life now.", extra={"who": who, "reason": str(error)})
