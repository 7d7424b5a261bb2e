"""On PostgreSQL everything that keeps state holds the same promises: the same tests, run against a real server."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.database.fresh import DATABASE

PROGRAMS = Path("/usr/lib/postgresql/15/bin")
ROOMS = [
    "tests/accounts",
    "tests/alerts",
    "tests/incidents",
    "tests/rulebook",
    "tests/test_audit.py",
    "tests/database/test_migrations.py",
]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    """Start a PostgreSQL of our own on a free port; yield its URL."""
    if not (PROGRAMS / "initdb").exists():
        pytest.skip("Debian's postgresql is not installed")
    if os.geteuid() != 0:
        pytest.skip("PostgreSQL is started as another user, which needs root")
    folder = Path("/tmp") / f"sentinel-postgresql-{os.getpid()}"
    folder.mkdir(mode=0o700)
    shutil.chown(folder, "postgres", "postgres")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]

    def run(program: str, *arguments: str) -> None:
        with (tmp_path / "postgresql.log").open("a") as log:
            command = [str(PROGRAMS / program), "-D", str(folder), *arguments]
            subprocess.run(command, check=True, stdout=log, stderr=log, user="postgres", cwd=folder, timeout=100)

    try:
        run("initdb", "-U", "postgres", "-A", "trust")
        run(
            "pg_ctl", "-w", "-o", f"-h 127.0.0.1 -p {port} -k {folder} -c fsync=off", "-l", str(folder / "log"), "start"
        )
        yield f"postgresql://postgres@127.0.0.1:{port}/postgres"
    finally:
        if (folder / "postmaster.pid").exists():
            run("pg_ctl", "-w", "-m", "immediate", "stop")
        shutil.rmtree(folder)


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.skipif(DATABASE in os.environ, reason="this is the run on PostgreSQL")
def test_postgresql_keeps_the_same_promises(server: str, root: Path) -> None:
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", *ROOMS]
    done = subprocess.run(
        command, cwd=root, env={**os.environ, DATABASE: server}, capture_output=True, text=True, timeout=110
    )
    assert done.returncode == 0, done.stdout[-4_000:]
