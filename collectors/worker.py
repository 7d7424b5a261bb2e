"""One supervised thread per input: read, keep, again; what goes wrong with one input touches no other."""

import logging
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC

from collectors.reading import GAP, Input, Reading
from collectors.spool import Spool
from sentinel.errors import SentinelError, UnavailableError

log = logging.getLogger(__name__)

READ_LIMIT = 2_000
READ_WAIT_SECONDS = 0.5
RETRY_SECONDS = 1.0
LONGEST_PAUSE_SECONDS = 60.0
MAX_TROUBLE_CHARACTERS = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class InputState:
    """How an input is doing."""

    name: str
    kind: str
    state: str
    """`starting`, `reading`, `waiting` (the spool is full or its disk refuses) or `failing`."""
    readings: int
    gaps: int
    """Readings that say what could not be read."""
    last_at: str | None
    """When the last reading came."""
    trouble: str
    """Why it is waiting or failing; empty otherwise."""


class Worker:
    """Drives one input."""

    def __init__(
        self,
        name: str,
        kind: str,
        make: Callable[[], Input],
        spool: Spool,
        *,
        retry_seconds: float = RETRY_SECONDS,
    ) -> None:
        """Prepare; `make` opens nothing and may raise `UnavailableError`."""
        self._retry_seconds = retry_seconds
        self._name = name
        self._kind = kind
        self._make = make
        self._spool = spool
        self._state = "starting"
        self._trouble = ""
        self._readings = 0
        self._gaps = 0
        self._last_at: str | None = None
        self._failures = 0

    @property
    def state(self) -> InputState:
        """How it is doing; may be asked from any thread."""
        return InputState(
            name=self._name,
            kind=self._kind,
            state=self._state,
            readings=self._readings,
            gaps=self._gaps,
            last_at=self._last_at,
            trouble=self._trouble[:MAX_TROUBLE_CHARACTERS],
        )

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set; an input that fails is opened again after a pause."""
        while not stop.is_set():
            try:
                self._work(stop)
                continue
            except SentinelError as error:
                self._fail(str(error))
            except Exception as error:
                # A supervised loop: one input must not take the others with it.
                log.exception("An input failed.", extra={"input": self._name})
                self._fail(f"{type(error).__name__}: {error}")
            stop.wait(min(LONGEST_PAUSE_SECONDS, self._retry_seconds * 2 ** min(self._failures - 1, 10)))

    def _work(self, stop: threading.Event) -> None:
        source = self._make()
        try:
            cursor = self._spool.cursor(self._name)
            source.open(cursor)
            while not stop.is_set():
                readings, new = source.read(READ_LIMIT, READ_WAIT_SECONDS)
                self._state, self._trouble, self._failures = "reading", "", 0
                if readings or new != cursor:
                    if not self._keep(readings, new, stop):
                        return
                    cursor = new
        finally:
            source.close()

    def _keep(self, readings: list[Reading], cursor: str, stop: threading.Event) -> bool:
        """Return True when the readings are on disk; what was read is held, not read again, while it cannot be."""
        while True:
            try:
                is_kept = self._spool.append(readings, self._name, cursor, stop)
            except UnavailableError as error:
                if self._trouble != str(error):
                    facts = {"input": self._name, "reason": str(error)}
                    log.error("Events cannot be kept; the input waits.", extra=facts)  # noqa: TRY400 - said in full
                self._state, self._trouble = "waiting", str(error)
                if stop.wait(self._retry_seconds):
                    return False
                continue
            if is_kept and readings:
                self._readings += len(readings)
                self._gaps += sum(reading.dataset == GAP for reading in readings)
                self._last_at = readings[-1].seen_at.astimezone(UTC).isoformat()
            return is_kept

    def _fail(self, trouble: str) -> None:
        if trouble != self._trouble:
            log.warning("An input cannot be read.", extra={"input": self._name, "reason": trouble})
        self._failures += 1
        self._state, self._trouble = "failing", trouble
