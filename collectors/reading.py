"""What an input hands on, and what every input can do."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol, runtime_checkable

from sentinel.event import Hint

GAP = "sentinel.gap"
"""Dataset of a reading that says what could not be read, or was lost: losses travel the same way as lines."""


@dataclass(frozen=True, slots=True)
class Reading:
    """One observation before it has a place in the spool."""

    dataset: str
    """Which source it came from, for example `linux.auth`."""
    raw: str
    """The line as it was read, or JSON text where the source is not text."""
    seen_at: datetime
    """When it was read; aware UTC."""
    hints: Mapping[str, Hint] = field(default_factory=dict)
    """What only the collector can know, by ECS name: `log.file.path`, `log.offset`."""


class Input(Protocol):
    """A source of readings, driven by one thread: open, read again and again, close."""

    name: str
    """Unique in the configuration; the cursor is kept under it."""

    def open(self, cursor: str | None) -> None:
        """Start after the readings that `cursor` stands for; None means for the first time.

        Raises `UnavailableError` when it cannot (no permission, missing extra), saying what to do.
        """
        ...

    def read(self, limit: int, wait_seconds: float) -> tuple[list[Reading], str]:
        """Return at most `limit` readings and the cursor after them, as soon as there is one.

        Returns an empty list and the same cursor when nothing came within `wait_seconds`.
        """
        ...

    def close(self) -> None:
        """Release files and sockets; safe to call twice."""
        ...


@runtime_checkable
class Inspectable(Protocol):
    """An input that can say what it would read, for `sentinel-collect check`."""

    def inspect(self, cursor: str | None) -> list[str]:
        """Return one sentence per source found; raise `UnavailableError` when nothing could be read."""
        ...
