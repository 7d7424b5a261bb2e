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
HOSTS = ("portal01", "motcua01")


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
        """Where the portal's collector puts quarantined files."""
        return self.folder / "portal01" / "quarantine"

    def settings(self, host: str) -> Path:
        """Return the settings file of a host's collector."""
        return self.folder / f"{host}.toml"

    def log(self, name: str) -> Path:
        """Return where the output of the server or of a host's collector goes."""
        return self.folder / f"{name}.log"


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


def collector_settings(place: Place, host: str, url: str) -> str:
    """Return the settings of one machine's collector.

    `portal01`: real log files, captures and processes, and the right to respond. `motcua01`: the one-stop system's
    audit log and nothing else.
    """
    head = f'[server]\nurl = "{url}"\n\n[collector]\nhome = "{place.folder / host}"\nhost = "{host}"\n'
    if host == "motcua01":
        return head + _tail(place.logs / "onestop-audit.ndjson", "egov.onestop")
    return (
        head
        + f'\n[respond]\nenabled = true\nquarantine = "{place.quarantine}"\n'
        + _tail(place.logs / "auth.log", "linux.auth")
        + _tail(place.logs / "access.log", "nginx.access")
        + f'\n[[input]]\nkind = "capture"\nfile = "{place.captures}/*.pcap"\n'
        + '\n[[input]]\nkind = "processes"\n'
    )


def _tail(path: Path, dataset: str) -> str:
    return f'\n[[input]]\nkind = "file"\npath = "{path}"\ndataset = "{dataset}"\nstart = "beginning"\n'


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
