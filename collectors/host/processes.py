"""Input `processes`: what starts and ends on this machine, and at first what runs already."""

import json
import time
from collections import deque
from collections.abc import Callable
from datetime import UTC, datetime

import psutil

from collectors.host.facts import Facts, HashCache, as_parent, describe, machine_id, time_text
from collectors.reading import Reading
from collectors.settings import ProcessesSettings

DATASET = "linux.process"
RECHECK_SECONDS = 10.0
"""How often a known pid is asked whether it is the same process still; pids are used again only after a full round."""
_KTHREADD = 2


class ProcessesInput:
    """Compares the list of processes with the one before; what lives shorter than the interval is not seen."""

    def __init__(
        self,
        settings: ProcessesSettings,
        *,
        now: Callable[[], float] = time.time,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; `now` is Unix time, `clock` monotonic."""
        self.name = settings.name
        self._interval = settings.interval_seconds
        limit = settings.hash_limit_mb * 1_000_000
        self._hashes = HashCache(limit) if limit else None
        self._now = now
        self._clock = clock
        self._machine = machine_id()
        self._known: dict[int, tuple[float, Facts]] = {}
        """Pid to start time (Unix) and facts."""
        self._ready: deque[Reading] = deque()
        self._seen_until: float | None = None
        self._last_look = 0.0
        self._next_look = 0.0
        self._next_recheck = 0.0
        self._cursor = ""

    def open(self, cursor: str | None) -> None:
        """Start; what began after the time in `cursor` is reported as a start, what is older as running."""
        self._known.clear()
        self._ready.clear()
        try:
            self._seen_until = float(cursor) if cursor else None
        except ValueError:
            self._seen_until = None
        self._cursor = cursor or ""
        self._next_look = 0.0

    def read(self, limit: int, wait_seconds: float) -> tuple[list[Reading], str]:
        """Return what started and ended; see `Input`."""
        if not self._ready:
            pause = self._next_look - self._clock()
            if pause > wait_seconds:
                time.sleep(wait_seconds)
                return [], self._cursor
            if pause > 0:
                time.sleep(pause)
            self._look()
        readings = [self._ready.popleft() for _ in range(min(limit, len(self._ready)))]
        if readings and not self._ready:
            # A process that began in the second of the last look may come twice after a restart, but never not at all.
            self._cursor = f"{self._last_look:.3f}"
        return readings, self._cursor

    def close(self) -> None:
        """Forget everything."""
        self._known.clear()
        self._ready.clear()

    def inspect(self, cursor: str | None) -> list[str]:  # noqa: ARG002 - part of the protocol
        """Return how many processes can be seen."""
        return [f"{len(psutil.pids())} processes run; looked at every {self._interval} s"]

    def _look(self) -> None:
        self._next_look = self._clock() + self._interval
        self._last_look = self._now()
        is_recheck = self._clock() >= self._next_recheck
        if is_recheck:
            self._next_recheck = self._clock() + RECHECK_SECONDS
        present = set(psutil.pids())
        for pid in [pid for pid in self._known if pid not in present or (is_recheck and self._is_another(pid))]:
            self._end(pid)
        for pid in sorted(present - self._known.keys()):
            self._begin(pid)
        self._seen_until = self._seen_until or self._last_look

    def _is_another(self, pid: int) -> bool:
        try:
            return abs(psutil.Process(pid).create_time() - self._known[pid][0]) > 2.0
        except psutil.Error:
            return True

    def _begin(self, pid: int) -> None:
        try:
            process = psutil.Process(pid)
            started, parent = process.create_time(), process.ppid()
            if _KTHREADD in (pid, parent) and not process.cmdline():
                # The kernel's own threads have no program and are not news.
                self._known[pid] = (started, {})
                return
            facts = describe(process, self._machine, self._hashes)
        except psutil.Error:
            return
        self._known[pid] = (started, facts)
        is_new = self._seen_until is not None and started > self._seen_until - 1.0
        event: Facts = {
            "event.type": ["start"] if is_new else ["info"],
            "event.action": "process_started" if is_new else "process_running",
        }
        if is_new:
            event["@timestamp"] = str(facts["process.start"])
        self._tell({**event, **facts, **self._parent(parent)})

    def _end(self, pid: int) -> None:
        _, facts = self._known.pop(pid)
        if facts:
            end = time_text(self._last_look)
            self._tell({**facts, "event.type": ["end"], "event.action": "process_ended", "process.end": end})

    def _parent(self, pid: int) -> Facts:
        if pid in self._known:
            return as_parent(self._known[pid][1])
        try:
            return as_parent(describe(psutil.Process(pid), self._machine, None))
        except psutil.Error:
            return {"process.parent.pid": pid}

    def _tell(self, facts: Facts) -> None:
        raw = json.dumps(facts, separators=(",", ":"))
        self._ready.append(Reading(DATASET, raw, datetime.fromtimestamp(self._now(), UTC)))
