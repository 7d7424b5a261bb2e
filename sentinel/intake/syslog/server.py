"""The syslog doors: their sockets, and the event loop in a thread of its own that reads them."""

import asyncio
import logging
import socket
import ssl
import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sentinel.intake.doorway import Doorway
from sentinel.intake.syslog import sockets
from sentinel.intake.syslog.counts import Counts
from sentinel.intake.syslog.datagrams import Datagrams
from sentinel.intake.syslog.gate import Gate
from sentinel.intake.syslog.listener import Listener
from sentinel.intake.syslog.outbox import Outbox
from sentinel.intake.syslog.passage import Manners, Passage
from sentinel.intake.visitors import Visitors
from sentinel.model.sender import Sender

log = logging.getLogger(__name__)

LOOK_SECONDS = 1.0
"""Counts are passed on, and senders read anew, so often: a revoked one is heard no longer than that."""
CLOSE_SECONDS = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """Where to listen, `address:port` each; empty: not at all."""

    udp: str = ""
    tcp: str = ""
    tls: str = ""
    receive_buffer_bytes: int = 16_000_000
    """What the kernel shall hold of datagrams while we are busy."""

    def __bool__(self) -> bool:
        return bool(self.udp or self.tcp or self.tls)


class SyslogServer:
    """Listens from `open` on; `run` reads until told to stop."""

    def __init__(
        self,
        places: Places,
        manners: Manners,
        doorway: Doorway,
        active: Callable[[], Sequence[Sender]],
        context: Callable[[], ssl.SSLContext],
    ) -> None:
        self._places = places
        self._manners = manners
        self._doorway = doorway
        self._gate = Gate(active)
        self._make_context = context
        self._udp: socket.socket | None = None
        self._streams: list[tuple[socket.socket, ssl.SSLContext | None]] = []

    @property
    def is_wanted(self) -> bool:
        """Return whether there is anything to listen on."""
        return bool(self._places)

    def open(self) -> None:
        """Bind the sockets; raise `InputError` or `UnavailableError` saying which setting is to blame."""
        places = self._places
        if places.udp:
            self._udp, size = sockets.udp(places.udp, places.receive_buffer_bytes)
            if size < places.receive_buffer_bytes:
                log.warning(
                    "The kernel gives the UDP socket a smaller buffer than wanted; raise net.core.rmem_max.",
                    extra={"wanted_bytes": places.receive_buffer_bytes, "got_bytes": size},
                )
        if places.tcp:
            self._streams.append((sockets.tcp(places.tcp, "syslog.tcp"), None))
        if places.tls:
            self._streams.append((sockets.tcp(places.tls, "syslog.tls"), self._make_context()))

    def run(self, stop: threading.Event) -> None:
        """Read until `stop` is set; what was read is in the journal on return, as far as that takes anything."""
        if self._udp is None and not self._streams:
            self.open()
        try:
            asyncio.run(self._serve(stop))
        finally:
            for opened, _ in self._streams:
                opened.close()
            if self._udp is not None:
                self._udp.close()
            self._udp, self._streams = None, []

    async def _serve(self, stop: threading.Event) -> None:
        outbox, counts = Outbox(self._doorway), Counts(self._doorway)
        passage = Passage(self._gate, outbox, counts, self._manners)
        visitors = Visitors(self._manners.connections, self._manners.connections_per_source)
        await asyncio.to_thread(self._gate.renew)
        datagrams = [Datagrams(self._udp, passage)] if self._udp is not None else []
        work = [
            asyncio.create_task(Listener(opened, passage, visitors, context).serve())
            for opened, context in self._streams
        ]
        try:
            for each in datagrams:
                each.start()
            await self._look(stop, counts, datagrams, work)
        finally:
            for each in datagrams:
                each.stop()
            for task in work:
                task.cancel()
            await asyncio.gather(*work, return_exceptions=True)
            if left := await outbox.close(CLOSE_SECONDS):
                log.error("Syslog was read and could not be kept before the end.", extra={"messages": left})
            await asyncio.to_thread(counts.pass_on)

    async def _look(
        self, stop: threading.Event, counts: Counts, datagrams: Sequence[Datagrams], work: Sequence[asyncio.Task[None]]
    ) -> None:
        """Keep counts and senders fresh until told to stop; raise what ended a listener."""
        while not await asyncio.to_thread(stop.wait, LOOK_SECONDS):
            for each in datagrams:
                each.count_drops()
            await asyncio.to_thread(self._gate.renew)
            await asyncio.to_thread(counts.pass_on)
            for task in work:
                if task.done():
                    task.result()
