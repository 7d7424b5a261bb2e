"""The processes that die in a trial: each can be started with a point of death, killed, and started again."""

import contextlib
import os
import subprocess
import threading
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import psutil

from bench.crash_trial.plan import Fault

POLL_SECONDS = 0.02


@dataclass
class Actor:
    """One process of ours; its output goes to a file."""

    name: str
    command: Sequence[str]
    log: Path
    shim: Path
    deaths: int = 0
    points: int = 0
    """Deaths at a point, the others were at a time."""
    process: "subprocess.Popen[bytes] | None" = field(default=None)

    def start(self, fault: Fault | None = None) -> None:
        """Start; with a fault that has a point it will die there by itself."""
        environment = dict(os.environ)
        if fault is not None and fault.call:
            environment |= {"LD_PRELOAD": str(self.shim), "FAULT_POINT": f"{fault.call}:{fault.number}:{fault.how}"}
        with self.log.open("ab") as output:
            self.process = subprocess.Popen(
                list(self.command), stdin=subprocess.DEVNULL, stdout=output, stderr=output, env=environment
            )

    @property
    def is_dead(self) -> bool:
        """Return whether it was started and has ended."""
        return self.process is not None and self.process.poll() is not None

    def await_death(self, seconds: float) -> None:
        """Wait until it has died at its point, or kill it."""
        assert self.process is not None
        deadline, pause = time.monotonic() + seconds, threading.Event()
        while self.process.poll() is None and time.monotonic() < deadline:
            pause.wait(POLL_SECONDS)
        self.points += self.process.poll() is not None
        self.kill()

    def kill(self) -> None:
        """Kill it and everything it has started, and wait for that."""
        assert self.process is not None
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children(recursive=True):
                with contextlib.suppress(psutil.NoSuchProcess):
                    child.kill()
        self.process.kill()
        self.process.wait()
        self.deaths += 1

    def kill_child(self) -> None:
        """Kill one process that it has started, where it has."""
        assert self.process is not None
        with contextlib.suppress(psutil.NoSuchProcess):
            for child in psutil.Process(self.process.pid).children()[-1:]:
                child.kill()
                self.deaths += 1

    def end(self) -> None:
        """Stop it the gentle way."""
        if self.process is None or self.process.poll() is not None:
            return
        self.process.terminate()
        try:
            self.process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
