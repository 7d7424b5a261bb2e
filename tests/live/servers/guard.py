"""Runs one server, and ends it when whoever wanted it is gone, however that happened, or after a bounded life.

    python guard.py SECONDS USER COMMAND...

Standard input is a pipe whose other end the wanting process holds: the kernel closes it even when that is killed.
"""

import ctypes
import os
import select
import signal
import subprocess
import sys

PR_SET_PDEATHSIG = 1
"""prctl(2): the signal that a process gets when the thread that started it ends."""


def die_with_the_guard() -> None:
    """Ask the kernel to kill this process when the guard ends, should the guard itself be killed."""
    ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)


def main(seconds: float, user: str | None, command: list[str]) -> None:
    """Start the server as `user`, pass on what ends it politely, and return when it is gone."""
    server: subprocess.Popen[bytes] | None = None
    early: list[int] = []

    def pass_on(number: int, _: object) -> None:
        # The server may be there already, and nobody here know it yet.
        if server is None:
            early.append(number)
        else:
            server.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, pass_on)
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, user=user, preexec_fn=die_with_the_guard)
    for number in early:
        server.send_signal(number)
    select.select([sys.stdin, os.pidfd_open(server.pid)], [], [], seconds)
    server.kill()
    server.wait()


if __name__ == "__main__":
    main(float(sys.argv[1]), sys.argv[2] or None, sys.argv[3:])
