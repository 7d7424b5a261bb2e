"""A real rsyslog: what `logger` gives to its socket goes where its settings say."""

import shutil
from collections.abc import Sequence
from pathlib import Path

from tests.live.senders.program import SendingProgram
from tests.live.servers.process import MissingServerError

HEAD = """\
global(workDirectory="{folder}" maxMessageSize="64k" preserveFQDN="on" localHostname="web01")
module(load="imuxsock" SysSock.Use="off" SysSock.RateLimit.Interval="0")
input(type="imuxsock" Socket="{folder}/log" CreatePath="off" RateLimit.Interval="0" useSpecialParser="off")
"""


class Rsyslog(SendingProgram):
    """rsyslogd with one input socket and the action of a test."""

    def __init__(self, action: str, *, needs: str = "") -> None:
        """Write the settings; raise `MissingServerError` where rsyslog or its module `needs` is missing."""
        super().__init__("rsyslog")
        program = shutil.which("rsyslogd", path="/usr/sbin:/usr/bin")
        if program is None or (needs and not any(Path("/usr/lib").glob(f"*/rsyslog/{needs}.so"))):
            raise MissingServerError(f"rsyslog {needs} is missing; run `make packages`")
        self._program = program
        (self.folder / "rsyslog.conf").write_text(HEAD.format(folder=self.folder) + action)

    def command(self) -> Sequence[str | Path]:
        """Return the command that runs it in the foreground."""
        return [self._program, "-n", "-f", self.folder / "rsyslog.conf", "-i", self.folder / "pid"]
