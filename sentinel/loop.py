"""Does a step over and over until told to stop; a failure is logged and tried again, ever more slowly."""

import logging
import threading
from collections.abc import Callable

from sentinel.errors import SentinelError

log = logging.getLogger(__name__)

FIRST_PAUSE_SECONDS = 0.5
MAX_PAUSE_SECONDS = 30.0


class Loop:
    """One supervised loop and how it is doing."""

    def __init__(self, name: str) -> None:
        self._name = name
        self.trouble = ""
        """Why it stands still; empty while it does not."""
        self.failures = 0

    def run(
        self, step: Callable[[], int], stop: threading.Event, wake: threading.Event, idle: Callable[[], object]
    ) -> None:
        """Call `step` until `stop` is set, and `idle` after each that found nothing to do; `wake` ends a wait."""
        pause = FIRST_PAUSE_SECONDS
        while not stop.is_set():
            wake.clear()
            try:
                if not step():
                    idle()
                pause, self.trouble = FIRST_PAUSE_SECONDS, ""
            except Exception as error:
                self.failures += 1
                self.trouble = str(error) or type(error).__name__
                # What we foresaw is a sentence for an operator; only the unforeseen needs its traceback.
                log.error(  # noqa: TRY400 - the traceback is a choice here
                    f"The {self._name} stands still and will try again.",
                    extra={"reason": str(error), "pause_seconds": pause},
                    exc_info=not isinstance(error, SentinelError),
                )
                stop.wait(pause)
                pause = min(pause * 2, MAX_PAUSE_SECONDS)
