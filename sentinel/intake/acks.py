"""Acknowledgement ids of Splunk's event collector: given only for what is in the journal, so each given id is true."""

import threading
from collections import OrderedDict
from collections.abc import Sequence

MAX_CHANNELS = 1_000
"""Of all senders; the one that was silent longest is forgotten first, and its ids are unknown then."""
MAX_ASKED = 10_000


class Acks:
    """Counts the requests of each channel; safe for many threads."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._next: OrderedDict[tuple[str, str], int] = OrderedDict()

    def give(self, sender: str, channel: str) -> int:
        """Return the id of a request whose events have been kept."""
        with self._lock:
            number = self._next.pop((sender, channel), 0)
            self._next[sender, channel] = number + 1
            if len(self._next) > MAX_CHANNELS:
                self._next.popitem(last=False)
            return number

    def known(self, sender: str, channel: str, ids: Sequence[int]) -> dict[str, bool]:
        """Return of each id whether it was given; after a restart none was, and who asks sends again."""
        with self._lock:
            following = self._next.get((sender, channel), 0)
        return {str(each): 0 <= each < following for each in ids[:MAX_ASKED]}
