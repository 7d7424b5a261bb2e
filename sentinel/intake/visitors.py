"""Counts who has how many connections open, so that nobody takes them all."""

from collections import Counter


class Visitors:
    """The connections that are open, by the address they come from; for one thread."""

    def __init__(self, limit: int | None, limit_per_source: int) -> None:
        """Allow `limit` in all, None for as many as there may be, and so many from each address."""
        self._limit = limit
        self._limit_per_source = limit_per_source
        self._open: Counter[str] = Counter()

    def admit(self, address: str) -> bool:
        """Count one more from this address where there may be one; return whether there may."""
        is_full = self._limit is not None and self._open.total() >= self._limit
        if is_full or self._open[address] >= self._limit_per_source:
            return False
        self._open[address] += 1
        return True

    def leave(self, address: str) -> None:
        """Count one less."""
        self._open[address] -= 1
        if not self._open[address]:
            del self._open[address]


def plain(address: str) -> str:
    """Return the address of a peer without a scope, IPv4 that came through an IPv6 socket as IPv4."""
    return address.partition("%")[0].removeprefix("::ffff:")
