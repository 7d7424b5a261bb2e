"""A real syslog-ng: what programs give to its socket goes where its settings say."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from tests.live.senders.program import SendingProgram
from tests.live.servers.process import SERVICES, MissingServerError

HEAD = """\
@version: 3.38
@include "{scl}/elasticsearch/*.conf"
options {{ keep-hostname(yes); log-fifo-size(100000); stats-freq(0); time-reopen(1); }};
source programs {{ unix-dgram("{folder}/log"); }};
"""


class SyslogNg(SendingProgram):
    """syslog-ng with one input socket, and the destination of a test."""

    def __init__(self, destination: str) -> None:
        """Write the settings; raise `MissingServerError` where syslog-ng is missing."""
        root = SERVICES / "syslog_ng-debian" / "root" / "usr"
        if not (root / "sbin" / "syslog-ng").exists():
            raise MissingServerError("syslog-ng is missing; run `deploy/fetch-test-servers`")
        super().__init__("syslog-ng")
        self._root = root
        text = HEAD.format(folder=self.folder, scl=root / "share" / "syslog-ng" / "include" / "scl")
        text += f"destination there {{ {destination.format(folder=self.folder)} }};\n"
        text += "log { source(programs); destination(there); };\n"
        (self.folder / "syslog-ng.conf").write_text(text)

    def command(self) -> Sequence[str | Path]:
        """Return the command that runs it in the foreground."""
        files = {"-f": "syslog-ng.conf", "-p": "pid", "-R": "persist", "-c": "control"}
        places = [word for option, name in files.items() for word in (option, str(self.folder / name))]
        modules = self._root / "lib" / "syslog-ng" / "3.38"
        return [self._root / "sbin" / "syslog-ng", "-F", "-e", "--no-caps", f"--module-path={modules}", *places]

    def environment(self) -> Mapping[str, str]:
        """Return the environment, with the place of its libraries."""
        return {**super().environment(), "LD_LIBRARY_PATH": str(self._root / "lib" / "syslog-ng")}
