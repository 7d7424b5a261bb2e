"""A server dies with the test that started it, even when nobody could say goodbye."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import psutil
import pytest

from tests.live.servers import guard
from tests.live.servers.fixtures import made
from tests.live.servers.postgres import PostgresServer
from tests.waiting import until

ROOT = Path(__file__).parents[3]
TEST = """
import sys, threading
from tests.live.servers.postgres import PostgresServer

server = PostgresServer()
# A server that a thread started must outlive the thread.
starter = threading.Thread(target=server.start)
starter.start()
starter.join()
print(server.folder, server.pid, flush=True)
sys.stdin.read()
"""


@pytest.fixture
def killed_test() -> Iterator[tuple[subprocess.Popen[str], Path, psutil.Process]]:
    """Start a process that holds a server like a test does; return it, the server's folder and the server."""
    made(PostgresServer).remove()
    with subprocess.Popen(
        [sys.executable, "-c", TEST], cwd=ROOT, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as test:
        assert test.stdout is not None
        folder, pid = test.stdout.readline().split()
        try:
            yield test, Path(folder), psutil.Process(int(pid))
        finally:
            test.kill()
            until(lambda: not psutil.pid_exists(int(pid)), what="the end of the server")
            subprocess.run(["rm", "-r", folder], check=True)


@pytest.mark.live
def test_a_server_whose_test_is_killed_dies_with_its_children(
    killed_test: tuple[subprocess.Popen[str], Path, psutil.Process],
) -> None:
    test, _, server = killed_test
    family = [server, *server.children(recursive=True)]
    assert len(family) > 1
    test.send_signal(signal.SIGKILL)
    _, alive = psutil.wait_procs(family, timeout=10)
    assert alive == []


@pytest.mark.live
def test_a_server_whose_guard_is_killed_dies_too(
    killed_test: tuple[subprocess.Popen[str], Path, psutil.Process],
) -> None:
    test, _, server = killed_test
    watcher = server.parent()
    assert watcher is not None
    assert watcher.parent() == psutil.Process(test.pid)
    watcher.kill()
    _, alive = psutil.wait_procs([server], timeout=10)
    assert alive == []
    assert test.poll() is None


def test_no_server_outlives_its_time() -> None:
    began = time.monotonic()
    command = [sys.executable, "-IS", guard.__file__, "0.5", "", "sleep", "60"]
    with subprocess.Popen(command, stdin=subprocess.PIPE) as watcher:
        assert watcher.wait(30) == 0
    assert time.monotonic() - began >= 0.5


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_what_ends_a_server_politely_reaches_it(number: signal.Signals, tmp_path: Path) -> None:
    said = tmp_path / "said"
    server = f"trap 'echo {number.name} > {said}; exit' {number.name[3:]}; echo ready; while :; do sleep 0.05; done"
    command = [sys.executable, "-IS", guard.__file__, "60", "", "sh", "-c", server]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as watcher:
        assert watcher.stdout is not None
        assert watcher.stdout.readline() == b"ready\n"
        os.kill(watcher.pid, number)
        assert watcher.wait(30) == 0
    assert said.read_text() == f"{number.name}\n"
