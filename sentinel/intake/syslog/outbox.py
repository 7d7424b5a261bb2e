"""Messages wait here, bounded, until they are in the journal; who has to wait for room is not read any further."""

import asyncio
import contextlib
import itertools
import logging
import random
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial

from sentinel.errors import SentinelError
from sentinel.intake.doorway import Doorway
from sentinel.intake.lines import Line
from sentinel.model.sender import Sender

log = logging.getLogger(__name__)

FLUSH_SECONDS = 0.2
FLUSH_BYTES = 256_000
BATCH_LINES = 5_000
BATCH_BYTES = 4_000_000
SENDER_BYTES = 4_000_000
"""So much of one sender waits at most; then its connections are not read, and its datagrams are dropped and counted."""
TOTAL_BYTES = 128_000_000
OVERHEAD_BYTES = 400
"""What a waiting message takes beside its text, roughly."""
RETRY_SECONDS = (0.5, 1.5)
LONGEST_PAUSE_SECONDS = 1.0
WRITERS = 4


@dataclass(slots=True)
class _Box:
    """What waits of one sender."""

    sender: Sender
    lines: list[Line] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)
    waiting_bytes: int = 0
    """Of `lines`, and of those on their way into the journal."""
    fresh_bytes: int = 0
    """Of `lines`."""
    is_due: asyncio.Event = field(default_factory=asyncio.Event)
    work: asyncio.Task[None] | None = None


class Outbox:
    """Takes messages and brings them into the journal, in order for each sender; lives in one event loop."""

    def __init__(self, doorway: Doorway) -> None:
        self._doorway = doorway
        self._boxes: dict[str, _Box] = {}
        self._total = 0
        self._room = asyncio.Event()
        self._is_closing = False
        self._writers = ThreadPoolExecutor(WRITERS, thread_name_prefix="syslog-writer")

    def has_room(self, sender: Sender) -> bool:
        """Return whether more of this sender may be taken now."""
        box = self._boxes.get(sender.id)
        return self._total < TOTAL_BYTES and (box is None or box.waiting_bytes < SENDER_BYTES)

    async def room(self, sender: Sender) -> None:
        """Wait until more of this sender may be taken."""
        while not self.has_room(sender):
            self._room.clear()
            await self._room.wait()

    def add(self, sender: Sender, lines: Sequence[Line], sizes: Sequence[int]) -> None:
        """Take messages of these sizes in bytes, whether there is room or not."""
        if not lines:
            return
        box = self._boxes.get(sender.id)
        if box is None:
            box = self._boxes[sender.id] = _Box(sender)
        box.sender = sender
        box.lines += lines
        box.sizes += (size + OVERHEAD_BYTES for size in sizes)
        more = sum(sizes) + OVERHEAD_BYTES * len(sizes)
        box.fresh_bytes += more
        box.waiting_bytes += more
        self._total += more
        if box.fresh_bytes >= FLUSH_BYTES:
            box.is_due.set()
        if box.work is None:
            box.work = asyncio.get_running_loop().create_task(self._empty(box))

    async def close(self, seconds: float) -> int:
        """Bring what waits into the journal at once; return how many messages could not be within `seconds`."""
        self._is_closing = True
        work = [box.work for box in self._boxes.values() if box.work is not None]
        for box in self._boxes.values():
            box.is_due.set()
        if work:
            _, unfinished = await asyncio.wait(work, timeout=seconds)
            for task in unfinished:
                task.cancel()
        self._writers.shutdown(wait=False, cancel_futures=True)
        return sum(len(box.lines) for box in self._boxes.values())

    async def _empty(self, box: _Box) -> None:
        """Work until nothing waits of one sender."""
        try:
            while box.lines:
                await self._until_due(box)
                lines, size = _next(box)
                await self._keep(box.sender, lines, size)
                del box.lines[: len(lines)], box.sizes[: len(lines)]
                box.waiting_bytes -= size
                self._total -= size
                self._room.set()
        finally:
            box.work = None
        if not box.lines:
            self._boxes.pop(box.sender.id, None)

    async def _until_due(self, box: _Box) -> None:
        if box.fresh_bytes < FLUSH_BYTES and not self._is_closing:
            box.is_due.clear()
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(box.is_due.wait(), FLUSH_SECONDS)
        while not self._is_closing and (wait := self._doorway.wait_seconds(box.sender)):
            await asyncio.sleep(min(wait, LONGEST_PAUSE_SECONDS))

    async def _keep(self, sender: Sender, lines: Sequence[Line], size: int) -> None:
        """Bring lines into the journal, however long it takes: having been read they can be refused no more."""
        write = partial(self._doorway.take, sender, lines, size=size)
        is_told = False
        while True:
            try:
                await asyncio.get_running_loop().run_in_executor(self._writers, write)
                return
            except SentinelError as error:
                if not is_told:
                    log.warning("The journal takes no syslog now; it waits.", extra={"reason": str(error)})
            except Exception:
                if not is_told:
                    log.exception("Syslog cannot be kept and waits.", extra={"sender": sender.id})
            is_told = True
            await asyncio.sleep(random.uniform(*RETRY_SECONDS))  # noqa: S311 - spreads load, hides nothing


def _next(box: _Box) -> tuple[Sequence[Line], int]:
    """Return the lines to bring into the journal now, and what they take."""
    size = count = 0
    for each in itertools.islice(box.sizes, BATCH_LINES):
        size += each
        count += 1
        if size >= BATCH_BYTES:
            break
    box.fresh_bytes -= size
    return box.lines[:count], size
