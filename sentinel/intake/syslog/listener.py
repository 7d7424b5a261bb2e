"""Accepts connections over TCP or TLS, bounded in all and for each source, before anything is spent on them."""

import asyncio
import hashlib
import logging
import socket
import ssl

from sentinel.intake.descriptors import is_one_too_many
from sentinel.intake.syslog import sockets
from sentinel.intake.syslog.passage import Passage
from sentinel.intake.syslog.stream import READ_BYTES, Stream
from sentinel.intake.visitors import Visitors, plain
from sentinel.model.sender import Sender

log = logging.getLogger(__name__)

END_SECONDS = 1.0
PAUSE_SECONDS = 1.0
"""Where the system has no more descriptors, so long is waited before the next connection."""


class Listener:
    """One listening socket; without a context for TLS it is plain TCP, whose senders are known by their networks."""

    def __init__(
        self, opened: socket.socket, passage: Passage, visitors: Visitors, context: ssl.SSLContext | None = None
    ) -> None:
        self._socket = opened
        self._passage = passage
        self._visitors = visitors
        self._context = context
        self._tasks: set[asyncio.Task[None]] = set()
        self._streams: set[Stream] = set()

    async def serve(self) -> None:
        """Accept connections until cancelled; then end those that are open."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                try:
                    accepted, place = await loop.sock_accept(self._socket)
                except OSError as error:
                    log.warning("Cannot accept a syslog connection now.", extra={"reason": str(error)})
                    await asyncio.sleep(PAUSE_SECONDS)
                    continue
                self._admit(accepted, plain(place[0]))
        finally:
            self._socket.close()
            await self._end()

    async def _end(self) -> None:
        """Let streams take what has arrived, then close them."""
        for stream in self._streams:
            stream.end()
        if self._tasks:
            await asyncio.wait(self._tasks, timeout=END_SECONDS)
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def _admit(self, accepted: socket.socket, address: str) -> None:
        if self._context is None and self._passage.gate.by_address(address) is None:
            self._passage.turn_away(address)
            accepted.close()
        elif is_one_too_many(accepted.fileno()) or not self._visitors.admit(address):
            self._passage.counts.add_nobodys("too_many_connections")
            accepted.close()
        else:
            task = asyncio.get_running_loop().create_task(self._visit(accepted, address))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)

    async def _visit(self, accepted: socket.socket, address: str) -> None:
        try:
            await self._read(accepted, address)
        except (OSError, TimeoutError) as error:
            # A handshake that failed, or took too long; what is within a message is the stream's to count.
            self._passage.counts.add_nobodys("failed_handshake" if self._context else "broken_connection")
            if self._passage.gate.is_news(f"handshake {address}"):
                log.warning("A syslog connection failed.", extra={"source": address, "reason": str(error)[:200]})
        finally:
            accepted.close()
            self._visitors.leave(address)

    async def _read(self, accepted: socket.socket, address: str) -> None:
        sockets.keep_alive(accepted)
        loop = asyncio.get_running_loop()
        reader = asyncio.StreamReader(READ_BYTES, loop)
        transport, _ = await loop.connect_accepted_socket(
            lambda: asyncio.StreamReaderProtocol(reader, loop=loop),
            accepted,
            ssl=self._context,
            ssl_handshake_timeout=self._passage.manners.handshake_seconds if self._context else None,
        )
        try:
            sender = self._sender(transport, address)
            if sender is not None:
                await self._take(Stream(sender, address, self._passage), reader)
        finally:
            transport.abort()

    async def _take(self, stream: Stream, reader: asyncio.StreamReader) -> None:
        self._streams.add(stream)
        try:
            await stream.read(reader)
        finally:
            self._streams.discard(stream)

    def _sender(self, transport: asyncio.BaseTransport, address: str) -> Sender | None:
        gate = self._passage.gate
        if self._context is None:
            return gate.by_address(address)
        certificate = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
        fingerprint = hashlib.sha256(certificate or b"").hexdigest()
        sender = gate.by_certificate(fingerprint)
        if sender is None:
            self._passage.turn_away(f"{address} with certificate {fingerprint}")
        return sender
