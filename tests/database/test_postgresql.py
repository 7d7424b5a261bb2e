"""On PostgreSQL everything that keeps state holds the same promises: the same tests, run against a real server."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.database.fresh import DATABASE
from tests.live.servers.postgres import PostgresServer

ROOMS = [
    "tests/accounts",
    "tests/alerts",
    "tests/incidents",
    "tests/rulebook",
    "tests/test_audit.py",
    "tests/database/test_migrations.py",
]


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.skipif(DATABASE in os.environ, reason="this is the run on PostgreSQL")
def test_postgresql_keeps_the_same_promises(postgres: PostgresServer, root: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *ROOMS]
    done = subprocess.run(
        command, cwd=root, env={**os.environ, DATABASE: postgres.url}, capture_output=True, text=True, timeout=110
    )
    assert done.returncode == 0, done.stdout[-4_000:]
