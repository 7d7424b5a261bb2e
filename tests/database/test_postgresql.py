"""On PostgreSQL everything that keeps state holds the same promises: the same tests, run against a real server."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.database.fresh import DATABASE
from tests.live.servers.postgres import PostgresServer

pytestmark = [
    pytest.mark.live,
    pytest.mark.slow,
    pytest.mark.skipif(DATABASE in os.environ, reason="this is the run on PostgreSQL"),
]
ROOMS = [
    "tests/accounts",
    "tests/alerts",
    "tests/incidents",
    "tests/intake/test_doorway.py",
    "tests/intake/test_enrolment.py",
    "tests/intake/test_identity.py",
    "tests/intake/test_receiver.py",
    "tests/intake/test_senders.py",
    "tests/keeping/test_holds.py",
    "tests/keeping/test_keeper.py",
    "tests/playbooks/test_commands.py",
    "tests/playbooks/test_run.py",
    "tests/playbooks/test_start_together.py",
    "tests/quarantine",
    "tests/rulebook",
    "tests/selfwatch",
    "tests/store/elastic/test_marks.py",
    "tests/test_audit.py",
    "tests/database",
]
"""What asks `tests.database.fresh` for a database; rooms with many other tests by their files."""


def run(postgres: PostgresServer, root: Path, seconds: int, *words: str) -> None:
    """Run tests in a process of their own, on the server instead of files."""
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *words]
    environment = {**os.environ, DATABASE: postgres.url}
    done = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, timeout=seconds)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6_000:]
    assert " passed" in done.stdout


@pytest.mark.timeout(290)
def test_postgresql_keeps_the_same_promises(postgres: PostgresServer, root: Path) -> None:
    run(postgres, root, 280, "-m", "not slow and not trial", *ROOMS)


@pytest.mark.trial
def test_on_postgresql_killed_anywhere_every_effect_happens_once(postgres: PostgresServer, root: Path) -> None:
    run(postgres, root, 280, "tests/playbooks/test_durable.py")
