"""Counts what could not be used, in memory; it goes to the doorway once a second, not once a packet."""

import threading

from sentinel.intake.doorway import Doorway
from sentinel.model.sender import Sender


class Counts:
    """Faults by sender and reason, and those of nobody's; safe for many threads."""

    def __init__(self, doorway: Doorway) -> None:
        self._doorway = doorway
        self._guard = threading.Lock()
        self._of_senders: dict[str, tuple[Sender, dict[str, tuple[int, str]]]] = {}
        self._of_nobody: dict[str, int] = {}

    def add(self, sender: Sender, reason: str, sentence: str, number: int = 1) -> None:
        """Count a fault of a sender, with a sentence about it."""
        with self._guard:
            faults = self._of_senders.setdefault(sender.id, (sender, {}))[1]
            faults[reason] = (faults.get(reason, (0, ""))[0] + number, sentence)

    def add_nobodys(self, reason: str, number: int = 1) -> None:
        """Count what no sender can be blamed for, or none is known."""
        with self._guard:
            self._of_nobody[reason] = self._of_nobody.get(reason, 0) + number

    def pass_on(self) -> None:
        """Give everything to the doorway."""
        with self._guard:
            of_senders, self._of_senders = self._of_senders, {}
            of_nobody, self._of_nobody = self._of_nobody, {}
        for sender, faults in of_senders.values():
            self._doorway.count(sender, faults)
        for reason, number in of_nobody.items():
            self._doorway.refused("syslog", reason, number)
