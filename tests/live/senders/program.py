"""A real program that takes messages on a socket, as `syslog(3)` gives them, and sends them on."""

import socket
import threading
from collections.abc import Iterable

from tests.live.senders.numbered import line
from tests.live.servers.process import ServerProcess


class SendingProgram(ServerProcess):
    """What rsyslog and syslog-ng share: the socket `log` in their folder."""

    @property
    def url(self) -> str:
        """Its socket."""
        return f"unix:{self.folder}/log"

    def answers(self) -> bool:
        """Say whether its socket is there."""
        return (self.folder / "log").exists()

    def log_lines(self, lines: Iterable[str]) -> None:
        """Give it messages as programs do."""
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as client:
            client.connect(str(self.folder / "log"))
            for each in lines:
                client.send(each.encode())

    def log_numbers(self, numbers: range, *, burst: int, pause_seconds: float) -> None:
        """Give it numbered lines in bursts, as machines log."""
        pause = threading.Event()
        for first in range(numbers.start, numbers.stop, burst):
            self.log_lines(line(number) for number in range(first, min(first + burst, numbers.stop)))
            pause.wait(pause_seconds)
