"""What psutil knows of one process, as flat ECS names; what it may not see is left out."""

import contextlib
import hashlib
import os
from collections import OrderedDict
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import psutil

MAX_TEXT_CHARACTERS = 16_384
MAX_ARGS = 256
MAX_CACHED_HASHES = 2_000

Facts = dict[str, str | int | list[str]]
_FileKey = tuple[int, int, int, int]


def time_text(seconds: float) -> str:
    """Return Unix time as RFC 3339 in UTC with microseconds."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def machine_id() -> str:
    """Return what tells this machine from others, empty where nothing does."""
    with contextlib.suppress(OSError):
        return Path("/etc/machine-id").read_text("ascii").strip()
    return ""


def entity_id(machine: str, pid: int, started: float) -> str:
    """Return an id that no other process has, on any machine, at any time."""
    # Start times are known to the clock tick, a hundredth of a second.
    return hashlib.sha256(f"{machine}\0{pid}\0{started:.2f}".encode()).hexdigest()[:24]


@dataclass(slots=True)
class HashCache:
    """SHA-256 of executables; a file is read again only when it changed."""

    limit_bytes: int
    """Larger files are not hashed."""
    _known: OrderedDict[_FileKey, str] = field(default_factory=OrderedDict)

    def sha256(self, path: str) -> str | None:
        """Return the hash in hex, None for a file that is too large or may not be read."""
        try:
            descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
        except OSError:
            return None
        with os.fdopen(descriptor, "rb", buffering=0) as file:
            status = os.fstat(descriptor)
            if status.st_size > self.limit_bytes:
                return None
            key = (status.st_dev, status.st_ino, status.st_mtime_ns, status.st_size)
            if key not in self._known:
                try:
                    self._known[key] = hashlib.file_digest(file, "sha256").hexdigest()
                except OSError:
                    return None
                if len(self._known) > MAX_CACHED_HASHES:
                    self._known.popitem(last=False)
            self._known.move_to_end(key)
            return self._known[key]


def describe(process: psutil.Process, machine: str, hashes: HashCache | None) -> Facts:
    """Return what can be seen of a process; raises `psutil.NoSuchProcess` when it is gone."""
    facts: Facts = {}
    with process.oneshot():
        started = process.create_time()
        facts["process.pid"] = process.pid
        facts["process.start"] = time_text(started)
        facts["process.entity_id"] = entity_id(machine, process.pid, started)
        facts["process.name"] = process.name()[:MAX_TEXT_CHARACTERS]
        with contextlib.suppress(psutil.AccessDenied, OSError):
            facts["process.executable"] = process.exe()[:MAX_TEXT_CHARACTERS]
        with contextlib.suppress(psutil.AccessDenied):
            _add_arguments(facts, process.cmdline())
        with contextlib.suppress(psutil.AccessDenied, OSError):
            facts["process.working_directory"] = process.cwd()[:MAX_TEXT_CHARACTERS]
        with contextlib.suppress(psutil.AccessDenied, KeyError):
            facts["user.id"] = str(process.uids().real)
            facts["user.name"] = process.username()
    if hashes is not None and facts.get("process.executable"):
        # Through /proc the running file is read, also when its name is another's now or is gone.
        image = f"/proc/{process.pid}/exe"
        digest = hashes.sha256(image if Path("/proc/self/exe").exists() else str(facts["process.executable"]))
        if digest is not None:
            facts["process.hash.sha256"] = digest
    return {name: value for name, value in facts.items() if value != ""}


def _add_arguments(facts: Facts, arguments: list[str]) -> None:
    if not arguments:
        return
    facts["process.command_line"] = " ".join(arguments)[:MAX_TEXT_CHARACTERS]
    room = MAX_TEXT_CHARACTERS
    kept: list[str] = []
    for argument in arguments[:MAX_ARGS]:
        kept.append(argument[:room])
        room -= len(argument)
        if room <= 0:
            break
    facts["process.args"] = kept


def as_parent(facts: Facts) -> Facts:
    """Return what a child says of the process with these facts."""
    names = ("pid", "name", "executable", "command_line", "entity_id")
    return {f"process.parent.{name}": facts[f"process.{name}"] for name in names if f"process.{name}" in facts}
