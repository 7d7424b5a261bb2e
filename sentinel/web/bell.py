"""Wakes requests that wait on the event loop from any thread, without holding a thread for each of them."""

import asyncio
import threading


class Bell:
    """Rings in threads (`ring`), is heard on event loops (`wait`); ringing while nobody waits is forgotten."""

    def __init__(self) -> None:
        # Reentrant, because a signal handler may ring while its own thread is inside.
        self._lock = threading.RLock()
        self._waiting: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self.is_closed = False
        """Nobody should wait any more: the server stops."""

    def close(self) -> None:
        """Wake everybody for the last time."""
        self.is_closed = True
        self.ring()

    @property
    def listeners(self) -> int:
        """Return how many listen now."""
        with self._lock:
            return len(self._waiting)

    def ring(self) -> None:
        """Wake everybody who listens now; safe from any thread, never blocks."""
        with self._lock:
            waiting = list(self._waiting.items())
        for event, loop in waiting:
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    def listen(self) -> "Listening":
        """Return a context in which no ring is missed: enter it before looking, `wait` after finding nothing."""
        return Listening(self)

    def enter(self, event: asyncio.Event) -> None:
        """Start waking `event`, which belongs to the running loop."""
        with self._lock:
            self._waiting[event] = asyncio.get_running_loop()

    def leave(self, event: asyncio.Event) -> None:
        """Stop waking `event`."""
        with self._lock:
            self._waiting.pop(event, None)


class Listening:
    """One listener of a bell."""

    def __init__(self, bell: Bell) -> None:
        self._bell = bell
        self._event = asyncio.Event()

    async def __aenter__(self) -> "Listening":
        self._bell.enter(self._event)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._bell.leave(self._event)

    async def wait(self, seconds: float) -> bool:
        """Return whether the bell rang since the last wait, or does within `seconds`."""
        try:
            await asyncio.wait_for(self._event.wait(), timeout=max(seconds, 0))
        except TimeoutError:
            return False
        self._event.clear()
        return True
