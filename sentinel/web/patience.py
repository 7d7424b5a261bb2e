"""Who opens a connection and does not go on is let go; uvicorn itself would wait for ever."""

import asyncio

import h11
from uvicorn.protocols.http.h11_impl import H11Protocol

HEAD_SECONDS = 20.0
"""The head of a request must be whole so long after its first byte, or after the connection was made."""
READ_SECONDS = 60.0
"""So long an answer may wait for its reader to take a piece: an export holds files and memory meanwhile."""


class PatientProtocol(H11Protocol):
    """HTTP as uvicorn speaks it, with a time for the head of a request, and for the rest of one that was answered."""

    head_seconds = HEAD_SECONDS
    read_seconds = READ_SECONDS
    _waiting: asyncio.TimerHandle | None = None
    _is_answered = False
    """Whether we wait for the rest of a body that was answered already."""
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Begin to wait for the first head."""
        super().connection_made(transport)
        self._wait()

    def data_received(self, data: bytes) -> None:
        """Take bytes; stop waiting when the head is whole, begin when another one has begun."""
        super().data_received(data)
        if self._is_answered and self.conn.our_state is h11.DONE:
            return
        if self._is_answered or self.conn.their_state is not h11.IDLE:
            self._stop()
        if self._waiting is None and self.conn.their_state is h11.IDLE and self.conn.trailing_data[0]:
            self._wait()

    def on_response_complete(self) -> None:
        """Begin to wait for the rest of a body that was answered before it was whole, and is not wanted."""
        super().on_response_complete()
        if self.conn.our_state is h11.DONE and self.conn.their_state is h11.SEND_BODY:
            # Without this, whoever trickles it would hold the connection for ever, known to us or not.
            self._is_answered = True
            self._wait()

    def pause_writing(self) -> None:
        """Begin to wait for the client to read what it was sent."""
        super().pause_writing()
        self._unread = self.loop.call_later(self.read_seconds, self.transport.abort)

    def resume_writing(self) -> None:
        """Stop waiting for the client to read."""
        self._read()
        super().resume_writing()

    def connection_lost(self, exc: Exception | None) -> None:
        """Stop waiting."""
        self._stop()
        self._read()
        super().connection_lost(exc)

    def _read(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _wait(self) -> None:
        self._waiting = self.loop.call_later(self.head_seconds, self.transport.close)

    def _stop(self) -> None:
        self._is_answered = False
        if self._waiting is not None:
            self._waiting.cancel()
            self._waiting = None
