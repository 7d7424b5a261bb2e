"""A real server as a process of ours: started, asked until it answers, stopped, killed, and never left behind."""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import psutil

from tests.live.servers import guard

ROOT = Path(__file__).resolve().parents[3]
SERVICES = ROOT / ".services"
"""Where `deploy/fetch-test-servers` puts the jars."""

LIFE_SECONDS = 3_600
"""No server outlives this; when its test is killed, `guard` ends it at once."""
START_SECONDS = 120
STOP_SECONDS = 30
QUICK_JAVA = ("-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1", "-XX:-UsePerfData")
"""What Java is told so that a server which lives for seconds starts with half the work; benchmarks want it whole."""
PORTS = range(20_000, 32_000)
"""Below the ports that the kernel gives to outgoing connections, so that nobody takes ours while a server is down."""


class MissingServerError(Exception):
    """What a server needs is not on this machine; says what, and what to do."""


def free_port() -> int:
    """Return a port of the loopback interface that nobody listens on."""
    for port in random.sample(PORTS, 100):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise MissingServerError("no free port between 20000 and 32000")


class ServerProcess:
    """What all servers share: a folder, a log, a process with a bounded life; `with` starts and removes it."""

    def __init__(self, name: str, user: str | None = None) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix=f"sentinel-{name}-"))
        if user is not None:
            shutil.chown(self.folder, user, user)
        self._name, self._user = name, user
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """Where clients find it."""
        raise AssertionError("every server has its own")

    def command(self) -> Sequence[str | Path]:
        """Return the command that starts the server in the foreground."""
        raise AssertionError("every server has its own")

    def answers(self) -> bool:
        """Say whether the server is ready for clients; asked again and again."""
        raise AssertionError("every server has its own")

    @property
    def log(self) -> Path:
        """The file with everything the server said."""
        return self.folder / "server.log"

    @property
    def pid(self) -> int | None:
        """The process of the server itself, while it runs."""
        family = self._family()
        return family[1].pid if len(family) > 1 else None

    def start(self) -> None:
        """Start, and return when the server answers; raise `AssertionError` with the end of its log if it does not."""
        assert self._process is None, f"{self._name} runs already"
        with self.log.open("ab") as log:
            guarded = [sys.executable, "-IS", guard.__file__, str(LIFE_SECONDS), self._user or ""]
            self._process = subprocess.Popen(
                [*guarded, *map(str, self.command())],
                cwd=self.folder, stdin=subprocess.PIPE, stdout=log, stderr=log,
                env=self.environment(), start_new_session=True,
            )  # fmt: skip
        deadline = time.monotonic() + START_SECONDS
        pause = threading.Event()
        while not self.answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"{self._name} did not start:\n{self.tail()}")
            pause.wait(0.1)

    def stop(self, how: signal.Signals = signal.SIGTERM) -> None:
        """End the server politely and wait; kill it when it does not end."""
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self.kill()
        self._forget()

    def kill(self) -> None:
        """End the server and its children by SIGKILL and wait until they are gone."""
        if self._process is None:
            return
        family = self._family()
        for process in reversed(family):
            with contextlib.suppress(psutil.NoSuchProcess):
                process.kill()
        self._process.wait(STOP_SECONDS)
        psutil.wait_procs(family[1:], timeout=STOP_SECONDS)
        self._forget()

    def restart(self) -> None:
        """Start again what was stopped or killed, or still runs."""
        self.stop()
        self.start()

    def remove(self) -> None:
        """Kill the server and delete its data."""
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def tail(self) -> str:
        """Return the end of the log."""
        return self.log.read_text("utf-8", errors="replace")[-4_000:]

    def environment(self) -> Mapping[str, str]:
        """Return the environment of the process: the language is fixed, so that logs can be read."""
        return {"PATH": os.environ["PATH"], "LC_ALL": "C.UTF-8", "HOME": str(self.folder)}

    def _forget(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()
        self._process = None

    def _family(self) -> list[psutil.Process]:
        """Return our process and what it started, oldest first; empty when it has ended."""
        if self._process is None:
            return []
        try:
            ours = psutil.Process(self._process.pid)
            return [ours, *ours.children(recursive=True)]
        except psutil.NoSuchProcess:
            return []

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.remove()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.remove()
