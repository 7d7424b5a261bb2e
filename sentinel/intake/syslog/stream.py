"""One connection of a syslog sender over TCP or TLS: read as fast as the journal takes, no faster."""

import asyncio
import logging
import time

from sentinel.intake.syslog.framing import Framing
from sentinel.intake.syslog.message import Names
from sentinel.intake.syslog.passage import Passage
from sentinel.model.sender import Sender

log = logging.getLogger(__name__)

READ_BYTES = 65_536
LAST_READ_SECONDS = 0.05
"""When the server stops, what comes in within this time of the last is still taken."""


class Stream:
    """Reads one connection to its end."""

    def __init__(self, sender: Sender, address: str, passage: Passage) -> None:
        self._sender = sender
        self._address = address
        self._passage = passage
        self._framing = Framing(passage.manners.message_bytes)
        self._names = Names()
        self._begun: float | None = None
        """When the message began that is not whole yet; later by the time for which we did not read."""
        self._clock: asyncio.Timeout | None = None
        self._is_ending = False

    def end(self) -> None:
        """Take what has arrived, and no more."""
        self._is_ending = True
        if self._clock is not None:
            self._clock.reschedule(asyncio.get_running_loop().time() + LAST_READ_SECONDS)

    async def read(self, reader: asyncio.StreamReader) -> None:
        """Take messages until the sender closes, breaks framing, is too slow, or is revoked."""
        while True:
            await self._room()
            try:
                async with asyncio.timeout(self._patience()) as self._clock:
                    data = await reader.read(READ_BYTES)
                    self._clock = None
            except TimeoutError:
                self._clock = None
                self._count_slow()
                return
            except OSError as error:
                self._count_lost_end(f"the connection broke: {error.strerror or type(error).__name__}")
                return
            if not self._is_welcome() or not self._take(data):
                return

    def _take(self, data: bytes) -> bool:
        """Take what was read, nothing at the orderly end; return whether there may be more."""
        frames = self._framing.feed(data) if data else self._framing.finish()
        self._passage.take(self._sender, self._address, frames, self._names)
        if fault := self._framing.fault:
            self._count("broken_framing", fault)
        if frames or not self._framing.is_midway:
            self._begun = None
        if self._begun is None and self._framing.is_midway:
            self._begun = time.monotonic()
        return bool(data) and not fault

    async def _room(self) -> None:
        before = time.monotonic()
        await self._passage.outbox.room(self._sender)
        if self._begun is not None:
            self._begun += time.monotonic() - before

    def _is_welcome(self) -> bool:
        sender = self._passage.gate.current(self._sender)
        if sender is None:
            log.warning("A syslog sender was revoked; its connection is closed.", extra={"sender": self._sender.id})
            return False
        self._sender = sender
        return True

    def _patience(self) -> float:
        manners = self._passage.manners
        if self._is_ending:
            return LAST_READ_SECONDS
        if self._begun is None:
            return manners.idle_seconds
        return max(self._begun + manners.midway_seconds - time.monotonic(), 0.001)

    def _count_slow(self) -> None:
        manners = self._passage.manners
        if self._is_ending:
            self._count_lost_end("the server stopped within a message")
        elif self._framing.is_midway:
            self._count_lost_end(f"a message was not whole after {manners.midway_seconds:.0f} s")
        else:
            self._count("idle", f"silent for {manners.idle_seconds:.0f} s")

    def _count_lost_end(self, why: str) -> None:
        # Of a message known not to be whole, nothing is kept: its sender may send it again.
        if self._framing.is_midway:
            self._count("lost_end", why)

    def _count(self, reason: str, sentence: str) -> None:
        self._passage.counts.add(self._sender, reason, f"{self._address}: {sentence}")
