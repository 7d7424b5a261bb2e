"""Killed at any moment, the collector ships every line once."""

import os
import random
import shutil
import signal
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest

KILLS = 6
LINES = 6_000


class Collector:
    """`sentinel-collect run` in a process of its own."""

    def __init__(self, root: Path, config: Path) -> None:
        self._command = [sys.executable, "-m", "collectors.main", "--config", str(config), "run"]
        self._root = root
        self._process = self._start()

    def _start(self) -> subprocess.Popen[bytes]:
        with (self._root / os.devnull).open("wb") as nothing:
            return subprocess.Popen(self._command, cwd=self._root, stdout=nothing, stderr=nothing)

    def kill_and_start(self) -> None:
        self._process.kill()
        self._process.wait()
        self._process = self._start()

    def stop(self) -> int:
        self._process.send_signal(signal.SIGTERM)
        return self._process.wait(30)


def write_lines(log: Path, numbers: range, random_: random.Random, stop: threading.Event) -> None:
    """Write like a busy program: in pieces, with rotations in between."""
    for number in numbers:
        if random_.random() < 0.001:
            generation = log.with_name(f"app.log.{number}")
            log.rename(generation)
        with log.open("ab", buffering=0) as file:
            file.write(f"line {number} ".encode())
            file.write(b"x" * random_.randrange(80) + b"\n")
        if number % 5 == 0:
            stop.wait(0.001)


@pytest.mark.parametrize("seed", range(2))
def test_kill_9_at_random_moments_loses_and_doubles_nothing(
    seed: int, root: Path, tmp_path: Path, home: Path, receiver: Any
) -> None:
    random_ = random.Random(seed)
    log = tmp_path / "app.log"
    config = tmp_path / "collector.toml"
    config.write_text(
        f'[collector]\nhome = "{home}"\nhost = "web1"\n[spool]\nlimit_mb = 20\n'
        f'[[input]]\nkind = "file"\npath = "{log}"\ndataset = "linux.auth"\nstart = "beginning"\n'
    )
    collector = Collector(root, config)
    stop = threading.Event()
    writer = threading.Thread(target=write_lines, args=(log, range(1, LINES), random.Random(seed), stop))
    log.write_bytes(b"line 0 \n")
    receiver.wait(lambda: sum(map(len, receiver.ledger.values())) == 1)
    writer.start()
    try:
        for number in range(KILLS):
            receiver.replies_to_lose += random_.randrange(2)
            wanted = (number + 1) * LINES // (KILLS + 3)
            receiver.wait(lambda wanted=wanted: sum(map(len, receiver.ledger.values())) >= wanted)
            collector.kill_and_start()
            if random_.random() < 0.5:
                receiver.stop()
                stop.wait(random_.random() * 0.2)
                receiver.start()
        writer.join()
        receiver.wait(lambda: sum(map(len, receiver.ledger.values())) >= LINES)
    finally:
        stop.set()
        writer.join()
        # Told to stop before it had begun, it ends by the signal itself.
        assert collector.stop() in (0, -signal.SIGTERM)
    numbers = sorted(int(raw.split()[1]) for raw in receiver.raws)
    assert numbers == list(range(LINES))
    assert len(receiver.ledger) == 1
    shutil.rmtree(home)
