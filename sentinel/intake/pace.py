"""How fast a sender may go: token buckets, which know no clock of their own."""

from dataclasses import dataclass

from sentinel.model.sender import SenderLimits

BURST_SECONDS = 10.0
"""What was not used in this time may be sent at once."""


@dataclass(slots=True)
class Bucket:
    """Fills at a steady rate; what is taken may leave a debt, and while there is one nothing more is given.

    So a body larger than the bucket passes when the bucket is full, and is paid for by waiting afterwards.
    """

    per_second: float
    level: float
    at: float
    """Monotonic seconds of the last look."""

    def wait(self, at: float) -> float:
        """Return for how many seconds nothing is given; 0 where something may be taken now."""
        self.level = min(self.level + max(at - self.at, 0.0) * self.per_second, self.per_second * BURST_SECONDS)
        self.at = at
        return 0.0 if self.level > 0 else max(-self.level / self.per_second, 0.001)

    def take(self, amount: float) -> None:
        """Take what was sent."""
        self.level -= amount


class Pace:
    """The two buckets of one sender: events and bytes. One thread at a time."""

    def __init__(self, limits: SenderLimits, at: float) -> None:
        self.limits = limits
        self._events = Bucket(limits.events_per_second, limits.events_per_second * BURST_SECONDS, at)
        self._bytes = Bucket(limits.bytes_per_second, limits.bytes_per_second * BURST_SECONDS, at)

    def wait(self, at: float) -> float:
        """Return for how many seconds the sender has to wait; 0 for not at all."""
        return max(self._events.wait(at), self._bytes.wait(at))

    def take(self, events: int, size: int) -> None:
        """Count what came in."""
        self._events.take(events)
        self._bytes.take(size)
