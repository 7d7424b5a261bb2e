"""Journal, pipeline and store are killed at random instants: nothing is lost, nothing doubled."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from sentinel.journal.local import LocalJournal
from sentinel.store.local import LocalStore
from tests.store.examples import city
from tests.survivor import COLLECTOR, EPOCH

ROUNDS = 8
MAX_SECONDS = 0.7


def live(folder: Path, root: Path, seconds: float) -> int:
    """Run the small server, kill it after the first batch and `seconds`; return the last sequence it acknowledged."""
    server = subprocess.Popen([sys.executable, "-m", "tests.survivor", folder, "on"], cwd=root, stdout=subprocess.PIPE)
    assert server.stdout is not None
    first = server.stdout.readline()
    try:
        server.wait(seconds)
    except subprocess.TimeoutExpired:
        server.send_signal(signal.SIGKILL)
    assert server.wait() == -signal.SIGKILL, "it ended by itself"
    # The pipe may end in half a number: only whole lines were said.
    said = (first + server.stdout.read()).rpartition(b"\n")[0].split()
    server.stdout.close()
    return int(said[-1])


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_what_was_acknowledged_is_stored_once_whenever_the_server_is_killed(tmp_path: Path, root: Path) -> None:
    chance = random.Random(20261123)
    acknowledged = 0
    for _ in range(ROUNDS):
        acknowledged = max(acknowledged, live(tmp_path, root, chance.uniform(0, MAX_SECONDS)))
    end = subprocess.run(
        [sys.executable, "-m", "tests.survivor", tmp_path, "last"], cwd=root, stdout=subprocess.PIPE, check=True
    )
    journal, store = LocalJournal(tmp_path / "journal.db"), LocalStore(tmp_path / "store")
    last = journal.last_sequence(COLLECTOR, EPOCH)
    numbers = [each.fields["event.sequence"] for each in store.scan(city())]
    journal.close()
    store.close()
    assert last >= acknowledged > 0
    assert sorted(numbers) == list(range(1, last + 1))  # type: ignore[type-var]
    assert int(end.stdout) == last, "the detection state saw each event once"
    assert not store_leftovers(tmp_path / "store")


def store_leftovers(folder: Path) -> list[Path]:
    return list(folder.glob("*.tmp"))
