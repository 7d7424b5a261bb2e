"""A real PostgreSQL 15 with an empty database."""

import os
import signal
import subprocess
from collections.abc import Sequence
from pathlib import Path

from tests.live.servers.process import MissingServerError, ServerProcess, free_port

PROGRAMS = Path("/usr/lib/postgresql/15/bin")


class PostgresServer(ServerProcess):
    """One server with its data in a folder of its own; root starts it as the user `postgres`, because it must."""

    def __init__(self, *, fsync: bool = False) -> None:
        """Make an empty database; `fsync` matters only to trials that cut the power, not to those that kill."""
        if not (PROGRAMS / "initdb").exists():
            raise MissingServerError("Debian's postgresql is missing; run `make packages`")
        user = "postgres" if os.geteuid() == 0 else None
        super().__init__("postgresql", user)
        self._fsync, self._port, self._data = fsync, free_port(), self.folder / "data"
        command = [PROGRAMS / "initdb", "-D", self._data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"]
        done = subprocess.run(command, capture_output=True, text=True, timeout=100, user=user, cwd=self.folder)
        assert done.returncode == 0, done.stderr[-2_000:]

    @property
    def url(self) -> str:
        """The address of the database `postgres`, as SQLAlchemy and psycopg read it."""
        return f"postgresql://postgres@127.0.0.1:{self._port}/postgres"

    def command(self) -> Sequence[str | Path]:
        """Return the command that starts the server."""
        fsync = "on" if self._fsync else "off"
        return [
            PROGRAMS / "postgres", "-D", self._data, "-h", "127.0.0.1", "-p", str(self._port), "-k", self.folder,
            "-c", f"fsync={fsync}",
        ]  # fmt: skip

    def answers(self) -> bool:
        """Say whether a client can ask something."""
        import psycopg

        try:
            with psycopg.connect(self.url, connect_timeout=5) as connection:
                return connection.execute("SELECT 1").fetchone() == (1,)
        except psycopg.OperationalError:
            return False

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """End the server without waiting for its clients to leave."""
        super().stop(how)
