"""How large the next bulk request may be: grows while answers come quickly, shrinks when they do not."""

from dataclasses import dataclass

SMALLEST_BYTES = 64_000
LARGEST_BYTES = 10_000_000
"""Elastic advises against more than a couple of tens of megabytes; beyond ten nothing is won."""
FIRST_BYTES = 2_000_000
QUICK_SECONDS = 1.0
SLOW_SECONDS = 5.0


@dataclass(slots=True)
class BatchSize:
    """Learns from every answer."""

    bytes: int = FIRST_BYTES
    limit: int = LARGEST_BYTES
    """Lower where the server has refused so much (413)."""

    def answered(self, sent: int, seconds: float) -> None:
        """Note a request of `sent` bytes that was answered in `seconds`."""
        if seconds > SLOW_SECONDS:
            self._set(self.bytes // 2)
        elif seconds < QUICK_SECONDS and sent > self.bytes // 2:
            # A small request says nothing about a larger one.
            self._set(self.bytes * 3 // 2)

    def pushed_back(self) -> None:
        """Note that the server had too much to do, or did not answer."""
        self._set(self.bytes // 2)

    def too_large(self, sent: int) -> None:
        """Note that `sent` bytes are more than the server ever takes."""
        self.limit = max(min(self.limit, sent // 2), SMALLEST_BYTES)
        self._set(min(self.bytes, self.limit))

    def _set(self, wanted: int) -> None:
        self.bytes = max(SMALLEST_BYTES, min(wanted, self.limit))
