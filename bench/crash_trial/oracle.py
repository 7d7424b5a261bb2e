"""Knows every line that was issued and every one that was acknowledged; it is never killed."""

import random
import threading
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

SPICE = ("Hải Phòng", "đường số 9", '"quoted"', "back\\slash", "tab\t", "\u2028", "🙂", "x" * 40, "</script>", "%s")
LONG_CHARACTERS = 6_000
LONG_ONE_IN = 60


@dataclass(frozen=True)
class Verdict:
    """What a store holds against what was promised."""

    issued: int
    acknowledged: int
    lost: int
    """Acknowledged and not stored."""
    doubled: int
    foreign: int
    """Stored and never issued: also what was altered."""

    @property
    def is_good(self) -> bool:
        """Return whether every promise was kept."""
        return not (self.lost or self.doubled or self.foreign)


class Oracle:
    """Issues unique lines; safe for many threads."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)
        self._seed = seed
        self._guard = threading.Lock()
        self._issued: set[str] = set()
        self._acknowledged: set[str] = set()

    def issue(self, door: str, count: int) -> list[str]:
        """Return new lines for a door."""
        with self._guard:
            lines = [self._line(door, len(self._issued) + place) for place in range(count)]
            self._issued.update(lines)
            return lines

    def acknowledge(self, lines: Iterable[str]) -> None:
        """Note that the receiver has promised to keep these."""
        with self._guard:
            self._acknowledged.update(lines)

    def acknowledged(self) -> int:
        """Return how many were promised so far."""
        with self._guard:
            return len(self._acknowledged)

    def missing(self, stored: Mapping[str, int]) -> Sequence[str]:
        """Return what was promised and is not stored."""
        with self._guard:
            return [line for line in self._acknowledged if line not in stored]

    def judge(self, stored: Mapping[str, int]) -> Verdict:
        """Return the verdict over what is stored, by how often."""
        counts = Counter(stored)
        with self._guard:
            return Verdict(
                issued=len(self._issued),
                acknowledged=len(self._acknowledged),
                lost=sum(line not in counts for line in self._acknowledged),
                doubled=sum(count - 1 for count in counts.values()),
                foreign=sum(line not in self._issued for line in counts),
            )

    def _line(self, door: str, number: int) -> str:
        words = " ".join(self._chance.choices(SPICE, k=self._chance.randint(0, 4)))
        more = "y" * LONG_CHARACTERS if self._chance.randrange(LONG_ONE_IN) == 0 else ""
        return f"trial {self._seed} {door} {number:07} {words}{more}."
