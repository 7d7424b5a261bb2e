"""Which faults a seed means; drawn before anything runs, so that a seed can be run again."""

import random
from collections.abc import Sequence
from dataclasses import dataclass

CALLS = ("sync", "rename", "write", "unlink")
WEIGHTS = (5, 2, 4, 1)
HIGHEST_CALL = {"sync": 120, "rename": 12, "write": 1_500, "unlink": 12}
SECONDS = (0.05, 2.0)
FULL_SECONDS = (0.3, 1.5)
MOST_FAULTS = 3


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing that goes wrong."""

    victim: str
    """A process of ours, `disk`, or an engine."""
    call: str = ""
    """The victim dies at this call into the kernel; empty: after `seconds`."""
    number: int = 0
    """The how manieth such call since it started, over all threads."""
    how: str = "before"
    """`before` the call, `after` it, or `torn`: with half of what it writes."""
    seconds: float = 0.0
    """Until the kill; for `disk`, for how long it is full."""


def plan(seed: int, ours: Sequence[str], others: Sequence[str]) -> list[Fault]:
    """Return the faults of a seed, in order. Our own processes die at points and at times, `others` at times."""
    chance = random.Random(seed * 7919 + 17)
    victims = [*ours, *others]
    return [_fault(chance, chance.choice(victims), ours) for _ in range(chance.randint(1, MOST_FAULTS))]


def _fault(chance: random.Random, victim: str, ours: Sequence[str]) -> Fault:
    if victim == "disk":
        return Fault("disk", seconds=chance.uniform(*FULL_SECONDS))
    if victim in ours and chance.random() < 0.7:
        call = chance.choices(CALLS, WEIGHTS)[0]
        how = chance.choice(("before", "after", "torn") if call == "write" else ("before", "after"))
        # Early calls are as interesting as late ones, and there are fewer of them.
        number = round(HIGHEST_CALL[call] ** chance.random())
        return Fault(victim, call, number, how, SECONDS[1] * 2)
    return Fault(victim, seconds=chance.uniform(*SECONDS))
