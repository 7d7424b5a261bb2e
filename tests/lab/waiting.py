"""Waiting for something to become true, with a deadline."""

from collections.abc import Callable
from threading import Event
from time import monotonic


def until(holds: Callable[[], bool], what: str, seconds: float = 20.0) -> None:
    """Return as soon as `holds` does; raise `TimeoutError` naming `what` when it does not within `seconds`."""
    deadline = monotonic() + seconds
    while not holds():
        if monotonic() > deadline:
            raise TimeoutError(f"the lab waited {seconds:.0f} s for {what}")
        Event().wait(0.05)
