"""Stages of the demo: each is announced, timed, and either verified or the end."""

import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

from sentinel.errors import UnavailableError

T = TypeVar("T")
POLL_SECONDS = 0.1


@dataclass
class Stages:
    """What was done, and how long each took."""

    taken: list[tuple[str, float]] = field(default_factory=list)
    """Stage and seconds."""

    @contextmanager
    def stage(self, title: str) -> Iterator[None]:
        """Announce a stage and time it; an error inside ends the demo and names the stage."""
        say(f"\n{len(self.taken) + 1}. {title}")
        start = time.monotonic()
        yield
        seconds = time.monotonic() - start
        self.taken.append((title, seconds))
        say(f"   ✓ {seconds:.1f} s")

    def table(self) -> str:
        """Return the stages with their times, aligned."""
        rows = [*self.taken, ("together", sum(seconds for _, seconds in self.taken))]
        return "\n".join(f"  {seconds:6.1f} s  {title}" for title, seconds in rows)


def say(text: str) -> None:
    """Print a line for the reader, at once."""
    sys.stderr.write(text + "\n")
    sys.stderr.flush()


def until(condition: Callable[[], T], what: str, seconds: float) -> T:
    """Return the first true value of `condition`; raise `UnavailableError` when that takes longer than `seconds`."""
    deadline = time.monotonic() + seconds
    while True:
        if value := condition():
            return value
        if time.monotonic() > deadline:
            raise UnavailableError(f"{what} did not happen within {seconds:.0f} s; the logs are in the demo's folder")
        time.sleep(POLL_SECONDS)
