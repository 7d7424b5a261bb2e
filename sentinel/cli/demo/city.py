"""The demo's server and collector: real processes on a folder of their own, ended by their own ids."""

import os
import shutil
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from sentinel.errors import UnavailableError

PORT = 8443
MARKER = ".sentinel-demo"
AGENCY = "commune-2025-001"


@dataclass(frozen=True, slots=True)
class Place:
    """Where everything of the demo lies."""

    folder: Path

    @property
    def home(self) -> Path:
        """The server's home."""
        return self.folder / "server"

    @property
    def logs(self) -> Path:
        """Log files that the collector tails."""
        return self.folder / "agency" / "log"

    @property
    def captures(self) -> Path:
        """Folder of packet captures that the collector watches."""
        return self.folder / "agency" / "captures"

    @property
    def uploads(self) -> Path:
        """Upload folder of the portal."""
        return self.folder / "agency" / "portal" / "uploads"

    @property
    def quarantine(self) -> Path:
        """Where the collector puts quarantined files."""
        return self.folder / "collector" / "quarantine"

    @property
    def config(self) -> Path:
        """The collector's settings."""
        return self.folder / "collector.toml"


def fresh(folder: Path) -> Place:
    """Return an empty place; an older demo there is removed, anything else is refused."""
    if folder.exists() and any(folder.iterdir()):
        if not (folder / MARKER).exists():
            raise UnavailableError(f"{folder} is not empty and no demo of ours; choose another --folder")
        shutil.rmtree(folder)
    place = Place(folder.absolute())
    for each in (place.logs, place.captures, place.uploads):
        each.mkdir(parents=True)
    (folder / MARKER).touch()
    return place


def free_port(wanted: int) -> int:
    """Return `wanted` where it is free on the loopback address, else any free one."""
    for port in (wanted, 0):
        with socket.socket() as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return int(probe.getsockname()[1])
    raise UnavailableError("no free port on the loopback address")


def collector_settings(place: Place, url: str) -> str:
    """Return the collector's settings file: real files, captures, processes, and the right to respond."""
    inputs = [
        ("auth.log", "linux.auth"),
        ("access.log", "nginx.access"),
        ("onestop-audit.ndjson", "egov.onestop"),
    ]
    files = "\n".join(
        f'[[input]]\nkind = "file"\npath = "{place.logs / name}"\ndataset = "{dataset}"\nstart = "beginning"\n'
        for name, dataset in inputs
    )
    return f"""# The demo's collector.
[server]
url = "{url}"

[collector]
home = "{place.folder / "collector"}"

[respond]
enabled = true
quarantine = "{place.quarantine}"

{files}
[[input]]
kind = "capture"
file = "{place.captures}/*.pcap"

[[input]]
kind = "processes"
"""


def program(name: str) -> str:
    """Return the path of a command installed beside this Python."""
    beside = Path(sys.executable).parent / name
    found = str(beside) if beside.exists() else shutil.which(name)
    if found is None:
        raise UnavailableError(f"the command {name} is not installed; run `make setup`")
    return found


def finish(arguments: list[str], text: str) -> None:
    """Run a command with `text` as its input to its end; raise `UnavailableError` with what it said if it fails."""
    done = subprocess.run(arguments, input=text, capture_output=True, text=True, timeout=60, check=False)  # noqa: S603
    if done.returncode:
        raise UnavailableError(f"{Path(arguments[0]).name} ended with {done.returncode}: {done.stderr.strip()[-500:]}")


@contextmanager
def running(arguments: list[str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a command with its output in `log`; on leaving, end it by its process id and wait for it."""
    with log.open("ab") as output:
        process = subprocess.Popen(  # noqa: S603 - fixed commands of this package
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(timeout=15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
