"""Real processes end only when pid, start time and program all match."""

import hashlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from collectors.respond.kill_process import KillProcess
from collectors.respond.limits import Limits
from sentinel.errors import RefusedError, UnavailableError
from tests.collectors.respond.conftest import MakeTask
from tests.waiting import until

STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); print(flush=True); signal.pause()"


@pytest.fixture
def sleeper(tmp_path: Path) -> Iterator["subprocess.Popen[bytes]"]:
    program = tmp_path / "helper"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    process = subprocess.Popen([program, "600"])
    until(lambda: psutil.Process(process.pid).exe() == str(program))
    yield process
    process.kill()
    process.wait()


def identity(pid: int) -> dict[str, object]:
    started = datetime.fromtimestamp(psutil.Process(pid).create_time(), UTC).isoformat()
    try:
        digest = hashlib.sha256(Path(f"/proc/{pid}/exe").read_bytes()).hexdigest()
    except PermissionError:
        digest = "0" * 64
    return {"pid": pid, "started": started, "sha256": digest}


def test_the_process_that_is_meant_ends(sleeper: "subprocess.Popen[bytes]", limits: Limits, task: MakeTask) -> None:
    executor, wanted = KillProcess(limits), task("kill_process", **identity(sleeper.pid))
    with pytest.raises(UnavailableError, match="still runs"):
        executor.verify(wanted)
    assert executor.perform(wanted).result == {"already_gone": False, "signal": "SIGTERM"}
    assert "gone" in executor.verify(wanted)
    assert sleeper.wait(10) == -signal.SIGTERM
    assert executor.perform(wanted).result == {"already_gone": True}


def test_one_whose_program_was_deleted_from_disk_ends_too(
    sleeper: "subprocess.Popen[bytes]", limits: Limits, task: MakeTask, tmp_path: Path
) -> None:
    wanted = task("kill_process", **identity(sleeper.pid))
    (tmp_path / "helper").unlink()
    KillProcess(limits).perform(wanted)
    assert sleeper.wait(10) == -signal.SIGTERM


def test_one_that_ignores_the_first_signal_gets_the_second(
    limits: Limits, task: MakeTask, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("collectors.respond.kill_process.GRACE_SECONDS", 0.2)
    with subprocess.Popen([sys.executable, "-c", STUBBORN], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        process.stdout.readline()
        done = KillProcess(limits).perform(task("kill_process", **identity(process.pid)))
        assert done.result["signal"] == "SIGKILL"
        assert process.wait(10) == -signal.SIGKILL


@pytest.mark.parametrize(
    ("changed", "reason"),
    [({"sha256": "0" * 64}, "another program"), ({"started": "2020-01-01T00:00:00+00:00"}, "another one now")],
)
def test_any_other_process_lives(
    sleeper: "subprocess.Popen[bytes]", limits: Limits, task: MakeTask, changed: dict[str, object], reason: str
) -> None:
    with pytest.raises(RefusedError, match=reason):
        KillProcess(limits).perform(task("kill_process", **(identity(sleeper.pid) | changed)))
    assert sleeper.poll() is None


@pytest.mark.parametrize("pid", [1, os.getpid(), os.getppid()], ids=["init", "self", "parent"])
def test_the_system_and_the_collector_itself_are_never_ended(limits: Limits, task: MakeTask, pid: int) -> None:
    with pytest.raises(RefusedError):
        KillProcess(limits).perform(task("kill_process", **identity(pid)))


def test_a_program_on_the_never_touch_list_lives(tmp_path: Path, limits: Limits, task: MakeTask) -> None:
    program = tmp_path / "keeper"
    shutil.copy(shutil.which("sleep") or "/bin/sleep", program)
    with subprocess.Popen([program, "600"]) as process:
        until(lambda: psutil.Process(process.pid).exe() == str(program))
        with pytest.raises(RefusedError, match="never-touch"):
            KillProcess(limits).perform(task("kill_process", **identity(process.pid)))
        process.kill()


def test_there_is_no_way_back(limits: Limits, task: MakeTask) -> None:
    with pytest.raises(RefusedError, match="brought back"):
        KillProcess(limits).undo(task("kill_process"))


def test_a_protected_program_is_known_by_its_file_whatever_it_calls_itself(limits: Limits, task: MakeTask) -> None:
    rename = "import ctypes; ctypes.CDLL(None).prctl(15, b'helper'); print(flush=True); import signal; signal.pause()"
    process = subprocess.Popen([sys.executable, "-c", rename], stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        process.stdout.readline()
        assert psutil.Process(process.pid).name() == "helper"
        name = Path(psutil.Process(process.pid).exe()).name
        guarded = replace(limits, names=frozenset({name}))
        with pytest.raises(RefusedError, match="never-touch"):
            KillProcess(guarded).perform(task("kill_process", **identity(process.pid)))
        assert process.poll() is None
    finally:
        process.kill()
        process.communicate()


def test_a_huge_program_does_not_keep_the_undos_waiting(
    sleeper: "subprocess.Popen[bytes]", limits: Limits, task: MakeTask, tmp_path: Path
) -> None:
    wanted = identity(sleeper.pid)
    huge = tmp_path / "huge"
    shutil.copy(tmp_path / "helper", huge)
    os.truncate(huge, 1 << 40)
    process = subprocess.Popen([huge, "600"])
    try:
        until(lambda: psutil.Process(process.pid).exe() == str(huge))
        started = datetime.fromtimestamp(psutil.Process(process.pid).create_time(), UTC).isoformat()
        with pytest.raises(RefusedError, match="larger"):
            KillProcess(limits).perform(task("kill_process", **wanted | {"pid": process.pid, "started": started}))
    finally:
        process.kill()
        process.wait()
