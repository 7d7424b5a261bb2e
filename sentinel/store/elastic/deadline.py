"""A connection to Elasticsearch that is cut when an answer takes too long as a whole, however steadily it drips."""

import contextlib
import socket
import threading
from typing import Any

from elastic_transport import NodeConfig, Urllib3HttpNode
from urllib3 import HTTPSConnectionPool
from urllib3.connection import HTTPConnection, HTTPSConnection

DEFAULT_SECONDS = 60.0
GRACE_SECONDS = 5.0
"""The timeout of a silent connection comes first; this is for one that says a byte now and then."""


class _Cut:
    """Mixin of a connection: from the request to the end of the answer it has its timeout, and a little grace."""

    timeout: float | None
    sock: socket.socket | None
    _timer: threading.Timer | None = None

    def request(self, *arguments: Any, **named: Any) -> None:
        """Send the request; raise `OSError` when the time is over."""
        self._timer = threading.Timer((self.timeout or DEFAULT_SECONDS) + GRACE_SECONDS, self._cut)
        self._timer.daemon = True
        self._timer.start()
        try:
            super().request(*arguments, **named)  # type: ignore[misc]
        except BaseException:
            self._timer.cancel()
            raise

    def getresponse(self) -> Any:
        """Read the whole answer; a cut connection ends in an error of urllib3."""
        try:
            return super().getresponse()  # type: ignore[misc]
        finally:
            if self._timer is not None:
                self._timer.cancel()

    def _cut(self) -> None:
        # The thread that waits on the socket wakes up with an error; closing it here would not wake it.
        if (sock := self.sock) is not None:
            with contextlib.suppress(OSError):
                sock.shutdown(socket.SHUT_RDWR)


class _CutHTTP(_Cut, HTTPConnection):
    """Without TLS."""


class _CutHTTPS(_Cut, HTTPSConnection):
    """With TLS."""


class PunctualNode(Urllib3HttpNode):
    """A node of the official client whose requests end in time."""

    def __init__(self, config: NodeConfig) -> None:
        super().__init__(config)
        self.pool.ConnectionCls = _CutHTTPS if isinstance(self.pool, HTTPSConnectionPool) else _CutHTTP
