"""Ends one process, held by a pidfd and recognised by pid, start time and the hash of its program together."""

import hashlib
import os
import select
import signal
import time
from datetime import UTC, datetime
from pathlib import Path

import psutil

from collectors.respond.executor import Done, Task
from collectors.respond.limits import Limits
from sentinel.errors import InputError, RefusedError, UnavailableError

TOLERANCE_SECONDS = 1.0
"""The kernel counts the start in ticks since boot; the time of boot itself is only known to about a second."""
GRACE_SECONDS = 3.0
KILL_SECONDS = 5.0
KTHREADD = 2
MAX_PROGRAM_BYTES = 1 << 30
"""Reading a larger one, perhaps made of holes, would keep the undos waiting."""


class KillProcess:
    """Class 2: there is no way back."""

    is_reversible = False
    is_repeatable = False

    def __init__(self, limits: Limits) -> None:
        """Keep to `limits`."""
        self._limits = limits

    def perform(self, task: Task) -> Done:
        """Send SIGTERM and, where that is not enough, SIGKILL."""
        pid, started, digest = _wanted(task)
        try:
            handle = os.pidfd_open(pid)
        except ProcessLookupError:
            return Done(f"process {pid} had ended by itself", {"already_gone": True})
        except OSError as error:
            raise UnavailableError(f"cannot hold process {pid}: {error.strerror}") from error
        try:
            # From here on the pid cannot pass to another process unnoticed: signals go through the handle.
            if not self._is_meant(pid, started, digest):
                return Done(f"process {pid} had ended by itself", {"already_gone": True})
            used = _end(handle)
        finally:
            os.close(handle)
        return Done(f"process {pid} was sent {used}", {"already_gone": False, "signal": used})

    def verify(self, task: Task) -> str:
        """Return that the process is gone; a zombie is."""
        pid, started, _ = _wanted(task)
        try:
            process = psutil.Process(pid)
            is_same = abs(process.create_time() - started) <= TOLERANCE_SECONDS
            if is_same and process.status() != psutil.STATUS_ZOMBIE:
                raise UnavailableError(f"process {pid} still runs")
        except psutil.NoSuchProcess:
            pass
        except psutil.Error as error:
            raise UnavailableError(f"cannot look at process {pid}: {error}") from error
        return f"process {pid} is gone"

    def undo(self, _task: Task) -> str:
        """Refuse: a process does not come back."""
        raise RefusedError("an ended process cannot be brought back")

    def _is_meant(self, pid: int, started: float, digest: str) -> bool:
        """Return whether the process still runs and is the one; raise `RefusedError` where it is another one."""
        try:
            process = psutil.Process(pid)
            begun, name, user = process.create_time(), process.name(), process.username()
            parents = {parent.pid for parent in psutil.Process().parents()}
            if process.status() == psutil.STATUS_ZOMBIE:
                return False
            if KTHREADD in (pid, process.ppid()):
                raise RefusedError(f"process {pid} is a thread of the kernel; it is never ended")
        except psutil.NoSuchProcess:
            return False
        except psutil.Error as error:
            raise UnavailableError(f"cannot look at process {pid}: {error}") from error
        if pid in (1, os.getpid(), *parents):
            raise RefusedError(f"process {pid} is the system's first, this collector or its parent; it is never ended")
        if abs(begun - started) > TOLERANCE_SECONDS:
            raise RefusedError(f"process {pid} is another one now: it started at {_shown(begun)}")
        for each in (name, user, _program_name(process)):
            self._limits.check_name(each)
        found = _program(pid)
        if found is None:
            return False
        if found != digest:
            raise RefusedError(f"process {pid} runs another program: SHA-256 {found}")
        return True


def _wanted(task: Task) -> tuple[int, float, str]:
    pid, digest = task.whole("pid"), task.text("sha256").lower()
    if not 1 <= pid < 2**31 or len(digest) != 64:
        raise InputError("kill_process: pid or sha256 is malformed")
    try:
        started = datetime.fromisoformat(task.text("started")).astimezone(UTC).timestamp()
    except ValueError as error:
        raise InputError("kill_process: started is not a time") from error
    return pid, started, digest


def _program_name(process: psutil.Process) -> str:
    """Return the file name of what the process runs: unlike its own name, it is not rewritten at will."""
    try:
        return Path(process.exe()).name
    except psutil.NoSuchProcess:
        return ""
    except psutil.Error as error:
        raise UnavailableError(f"cannot read the program of process {process.pid}: {error}") from error


def _program(pid: int) -> str | None:
    """Return the SHA-256 of what the process runs, deleted from disk or not; None where it has ended."""
    try:
        with Path(f"/proc/{pid}/exe").open("rb") as file:
            if os.fstat(file.fileno()).st_size > MAX_PROGRAM_BYTES:
                raise RefusedError(f"process {pid} runs a program larger than {MAX_PROGRAM_BYTES} bytes")
            return hashlib.file_digest(file, "sha256").hexdigest()
    except (FileNotFoundError, ProcessLookupError):
        return None
    except OSError as error:
        raise UnavailableError(f"cannot read the program of process {pid}: {error.strerror}") from error


def _end(handle: int) -> str:
    for name, seconds in ((signal.SIGTERM, GRACE_SECONDS), (signal.SIGKILL, KILL_SECONDS)):
        try:
            signal.pidfd_send_signal(handle, name)
        except ProcessLookupError:
            return name.name
        except OSError as error:
            raise UnavailableError(f"cannot signal the process: {error.strerror}") from error
        if _has_ended(handle, seconds):
            return name.name
    raise UnavailableError("the process did not end, not even after SIGKILL")


def _has_ended(handle: int, seconds: float) -> bool:
    """Wait for the end; a pidfd is readable then (pidfd_open(2))."""
    poller = select.poll()
    poller.register(handle, select.POLLIN)
    deadline = time.monotonic() + seconds
    while (left := deadline - time.monotonic()) > 0:
        if poller.poll(left * 1000):
            return True
    return False


def _shown(seconds: float) -> str:
    return datetime.fromtimestamp(seconds, UTC).isoformat()
