"""One machine of the lab: its own network, mounts, host name and process ids, all gone when it is closed."""

import os
import select
import signal
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Self

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
TIME_ZONE = "Asia/Ho_Chi_Minh"
WORK_FOLDER = "/run"
"""Private to each machine and in memory, so what a tool leaves in its working folder goes with it."""
RUN_SECONDS = 60.0
"""A command that takes longer is killed, unless its caller allows more."""

_UNSHARE = ["unshare", "--net", "--mount", "--uts", "--ipc", "--pid", "--fork", "--kill-child", "--mount-proc"]
# The first process of the machine: it collects orphans (an ignored SIGCHLD survives exec) and ends with our pipe,
# so that a killed test leaves neither processes nor namespaces behind.
_INIT = """
set -e
ip link set lo up
sysctl -qw net.ipv6.conf.all.disable_ipv6=1 net.ipv6.conf.default.disable_ipv6=1 || true
hostname "$1"
mount -t tmpfs -o mode=755 tmpfs /run
echo ready
exec env --ignore-signal=CHLD cat > /dev/null
"""


class Host:
    """A machine of the lab; `folder` holds what it writes, and is visible inside at the same path."""

    def __init__(self, name: str, folder: Path) -> None:
        self.name = name
        self.folder = folder
        self.address = ""
        """Its IPv4 address on the LAN, set when it is plugged in."""
        self.mac = ""
        self._children: list[subprocess.Popen[bytes]] = []
        folder.mkdir(parents=True, exist_ok=True)
        self._init = subprocess.Popen(
            [*_UNSHARE, "sh", "-c", _INIT, "sh", name],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            env=_environment({}),
        )
        try:
            self._await_ready()
            self.pid = self._first_process()
        except BaseException:
            self.close()
            raise

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def run(
        self,
        command: Sequence[str | Path],
        *,
        user: str | None = None,
        stdin: str = "",
        env: Mapping[str, str] | None = None,
        seconds: float = RUN_SECONDS,
        check: bool = True,
        folder: str | Path = WORK_FOLDER,
    ) -> subprocess.CompletedProcess[str]:
        """Run `command` in `folder` on this machine and return what it said; raise if it fails and `check` holds."""
        done = subprocess.run(
            self._inside(command, user, folder),
            input=stdin,
            env=_environment(env or {}),
            capture_output=True,
            text=True,
            errors="replace",
            timeout=seconds,
            check=False,
        )
        if check and done.returncode:
            said = (done.stdout[-2000:] + done.stderr[-2000:]).strip()
            raise RuntimeError(f"{self.name}: {' '.join(map(str, command))} ended with {done.returncode}: {said}")
        return done

    def popen(
        self,
        command: Sequence[str | Path],
        *,
        user: str | None = None,
        env: Mapping[str, str] | None = None,
        log: str = "output.log",
        inherit: bool = False,
        folder: str | Path = WORK_FOLDER,
    ) -> subprocess.Popen[bytes]:
        """Start `command` in `folder` and return at once; its output goes to the file `log`.

        It dies at once when what is returned is killed, and with the machine; `stop` ends it gently.
        `inherit` passes our own environment on, for programs of the project that need it.
        """
        variables = dict(os.environ) if inherit else {}
        with (self.folder / log).open("ab") as output:
            child = subprocess.Popen(
                self._inside(command, user, folder),
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=output,
                env=variables | _environment(env or {}),
                start_new_session=True,
            )
        self._children.append(child)
        return child

    def stop(
        self, child: subprocess.Popen[bytes], number: signal.Signals = signal.SIGTERM, *, seconds: float = 10
    ) -> int:
        """Send a signal to the program that `popen` started, wait until it has ended and return its exit code."""
        for inner in _children(child.pid):
            os.kill(inner, number)
        return child.wait(timeout=seconds)

    def processes(self, *words: str) -> list[int]:
        """Return the process ids, as this machine counts them, whose command lines hold all the words."""
        found = []
        for line in self.run(["ps", "-eo", "pid=,args="]).stdout.splitlines():
            pid, _, arguments = line.strip().partition(" ")
            if all(word in arguments for word in words):
                found.append(int(pid))
        return found

    def close(self) -> None:
        """End every process of this machine; its namespaces go with the last one. Closing twice does no harm."""
        if self._init.stdin is not None:
            self._init.stdin.close()
        try:
            self._init.wait(timeout=10)
        except subprocess.TimeoutExpired:
            self._init.kill()
            self._init.wait(timeout=10)
        if self._init.stdout is not None:
            self._init.stdout.close()
        for child in self._children:
            child.wait(timeout=10)
        self._children.clear()

    def _inside(self, command: Sequence[str | Path], user: str | None, folder: str | Path) -> list[str]:
        enter = ["nsenter", "--target", str(self.pid), "--net", "--mount", "--uts", "--ipc", "--pid"]
        become = ["setpriv", "--pdeathsig", "KILL"]
        drop = ["--reuid", user, "--regid", user, "--init-groups"] if user else []
        return [*enter, f"--wdns={folder}", "--", *become, *drop, "--", *map(str, command)]

    def _await_ready(self) -> None:
        assert self._init.stdout is not None
        ready, _, _ = select.select([self._init.stdout], [], [], 15)
        if not ready or self._init.stdout.readline() != b"ready\n":
            raise RuntimeError(f"{self.name}: no namespace; the lab needs root and Linux with network namespaces")

    def _first_process(self) -> int:
        return _children(self._init.pid)[0]


def _children(pid: int) -> list[int]:
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split()]


def _environment(extra: Mapping[str, str]) -> dict[str, str]:
    """Return a clean environment: nothing of ours, no proxy, may reach what is recorded."""
    return {"PATH": PATH, "HOME": "/root", "LANG": "C.UTF-8", "TZ": TIME_ZONE, **extra}
