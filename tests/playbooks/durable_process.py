"""A process to be killed: `worker` moves runs, `agent` is a real responder whose one act is a line in a file."""

import os
import sys
import threading
from pathlib import Path

from collectors.client import Client
from collectors.respond.agent import Responder
from collectors.respond.executor import Done, Task
from collectors.respond.limits import Limits
from sentinel.database.connect import connect
from sentinel.errors import UnavailableError
from sentinel.model.moment import now
from tests.collectors.respond.hands import Settings
from tests.playbooks.stage import KEY, Stage


class Tally:
    """Its act and the proof of it are one and the same line, so every repetition can be counted."""

    is_reversible = True
    is_repeatable = False

    def __init__(self, limits: Limits) -> None:
        self._path = limits.home / "acts"

    def perform(self, task: Task) -> Done:
        if self._is_in_place(task):
            return Done("was in place")
        self._note(f"perform {task.effect}")
        return Done("done")

    def verify(self, task: Task) -> str:
        if not self._is_in_place(task):
            raise UnavailableError("not in place")
        return "in place"

    def undo(self, task: Task) -> str:
        if self._is_in_place(task):
            self._note(f"undo {task.effect}")
        return "gone"

    def _is_in_place(self, task: Task) -> bool:
        lines = self._path.read_text().splitlines() if self._path.exists() else []
        return lines.count(f"perform {task.effect}") > lines.count(f"undo {task.effect}")

    def _note(self, line: str) -> None:
        handle = os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        os.write(handle, f"{line}\n".encode())
        os.close(handle)


def worker(database: str) -> None:
    """Move runs for ever."""
    stage = Stage(connect(database))
    pause = threading.Event()
    while True:
        stage.runs.work(now())
        pause.wait(0.02)


def agent(url: str, certificate: str, home: str) -> None:
    """Serve as collector `agent-1` for ever."""
    Responder(
        Settings(),
        Client(url, Path(certificate), "secret"),
        home=Path(home),
        collector_id="agent-1",
        command_key=KEY.public_key().public_bytes_raw(),
        executors={"block_ip": Tally},
    ).run(threading.Event())


if __name__ == "__main__":
    {"worker": worker, "agent": agent}[sys.argv[1]](*sys.argv[2:])
