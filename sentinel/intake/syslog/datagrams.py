"""Syslog over UDP (RFC 5426): each datagram is a message; what cannot be kept is counted, for nobody can be told."""

import asyncio
import logging
import socket
import time

from sentinel.intake.syslog import kernel
from sentinel.intake.syslog.framing import Frame, untrailed
from sentinel.intake.syslog.passage import Passage
from sentinel.intake.visitors import plain

log = logging.getLogger(__name__)

MAX_DATAGRAM_BYTES = 65_535
TOLD_EVERY_SECONDS = 60.0
AT_ONCE = 500
"""After so many, connections have their turn."""


class Datagrams:
    """Reads one UDP socket in the event loop."""

    def __init__(self, opened: socket.socket, passage: Passage) -> None:
        opened.setblocking(False)
        self._socket = opened
        self._passage = passage
        self._dropped = kernel.dropped(opened) or 0
        self._quiet_until = 0.0

    def start(self) -> None:
        """Begin to read."""
        asyncio.get_running_loop().add_reader(self._socket, self._read)

    def stop(self) -> None:
        """End reading and close the socket; what the kernel still holds is read first."""
        self._read()
        asyncio.get_running_loop().remove_reader(self._socket)
        self.count_drops()
        self._socket.close()

    def count_drops(self) -> None:
        """Count what the kernel has dropped since the last look."""
        total = kernel.dropped(self._socket)
        if total is not None and total > self._dropped:
            self._passage.counts.add_nobodys("kernel_dropped", total - self._dropped)
            log.error(
                "The kernel dropped syslog datagrams before they could be read; they are lost.",
                extra={"dropped": total - self._dropped, "remedy": "a larger net.core.rmem_max, or TCP"},
            )
            self._dropped = total

    def _read(self) -> None:
        read: dict[str, list[bytes]] = {}
        for _ in range(AT_ONCE):
            try:
                data, place = self._socket.recvfrom(MAX_DATAGRAM_BYTES)
            except BlockingIOError:
                break
            except OSError as error:
                log.warning("Cannot read from a UDP socket.", extra={"reason": str(error)})
                break
            read.setdefault(plain(place[0]), []).append(data)
        for address, found in read.items():
            self._take(address, found)

    def _take(self, address: str, found: list[bytes]) -> None:
        passage = self._passage
        sender = passage.gate.by_address(address)
        if sender is None:
            passage.turn_away(address, len(found))
            return
        messages = [message for data in found if (message := untrailed(data))]
        if not passage.outbox.has_room(sender):
            why = f"{address}: datagrams came faster than they may or can be kept, and are lost"
            passage.counts.add(sender, "dropped", why, len(messages))
            if time.monotonic() >= self._quiet_until:
                self._quiet_until = time.monotonic() + TOLD_EVERY_SECONDS
                log.error("Syslog datagrams are lost: they came too fast.", extra={"sender": sender.id})
            return
        limit = passage.manners.message_bytes
        frames = [Frame(message[:limit], is_cut=len(message) > limit) for message in messages]
        passage.take(sender, address, frames, None)
