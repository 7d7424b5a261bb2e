"""Watches a running server from outside: how far intake and store are, and what all of its processes take."""

import sqlite3
import threading
import time
from bisect import bisect_right
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

import psutil

EVERY_SECONDS = 0.5
SHARED_EVERY = 4
"""Looks. To tell shared pages the kernel walks over all pages of a process: more often would be a load of its own."""


@dataclass
class Sample:
    """One look."""

    at: float
    received: int
    stored: int
    rss: int
    """Bytes of all processes, shared pages counted in each."""
    pss: int
    """Bytes of all processes, shared pages counted once."""
    free_percent: float


@dataclass
class Watcher:
    """Looks twice a second, at shared pages every other second, in a thread."""

    home: Path
    pid: int
    samples: list[Sample] = field(default_factory=list)
    cpu_seconds: dict[str, float] = field(default_factory=dict)
    """Processor time by process, as last seen."""
    peaks: dict[str, int] = field(default_factory=dict)
    """Most bytes by process, shared pages counted once."""
    _stop: threading.Event = field(default_factory=threading.Event)

    def start(self) -> None:
        """Begin."""
        self._thread = threading.Thread(target=self._run, daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End."""
        self._stop.set()
        self._thread.join()

    def received(self) -> int:
        """Return how many events the journal ever took."""
        return _number(self.home / "journal.db", "SELECT value FROM state WHERE name = 'end'")

    def stored(self) -> int:
        """Return how far the store has come."""
        return _number(self.home / "events" / "manifest.db", "SELECT position FROM marks WHERE partition = 0")

    def lag_seconds(self) -> list[float]:
        """Return for each look how long ago the journal had what the store has now: the age of what comes next."""
        ends = [sample.received for sample in self.samples]
        lags = []
        for sample in self.samples:
            place = bisect_right(ends, sample.stored)
            lags.append(max(0.0, sample.at - self.samples[place].at) if place < len(ends) else 0.0)
        return lags

    def _run(self) -> None:
        pss = looks = 0
        while not self._stop.wait(EVERY_SECONDS):
            received, stored = self.received(), self.stored()
            if looks % SHARED_EVERY == 0:
                pss = self._shared()
            rss, looks = self._resident(), looks + 1
            self.samples.append(Sample(time.time(), received, stored, rss, pss, 100 - psutil.cpu_percent()))

    def _family(self) -> list[psutil.Process]:
        with suppress(psutil.NoSuchProcess):
            server = psutil.Process(self.pid)
            return [server, *server.children(recursive=True)]
        return []

    def _resident(self) -> int:
        rss = 0
        for process in self._family():
            with suppress(psutil.NoSuchProcess):
                rss += process.memory_info().rss
        return rss

    def _shared(self) -> int:
        pss = 0
        for place, process in enumerate(self._family()):
            try:
                memory = process.memory_full_info()
                times = process.cpu_times()
            except psutil.NoSuchProcess:
                continue
            pss += memory.pss
            name = f"{'server' if place == 0 else 'worker'} {process.pid}"
            self.cpu_seconds[name] = times.user + times.system
            self.peaks[name] = max(self.peaks.get(name, 0), memory.pss)
        return pss


def _number(path: Path, question: str) -> int:
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
    try:
        row = connection.execute(question).fetchone()
        return int(row[0]) if row else 0
    finally:
        connection.close()
