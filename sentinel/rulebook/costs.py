"""Measures what rules cost, a few at a time: how long a rule's own expression takes on events that reach it.

The engine does not judge rules one by one: an index passes most of them by and verdicts are shared, so no clock can be
put on a single rule there. What is measured here is the rule alone, without index and memory, on sampled events of its
own log sources. It tells expensive rules from cheap ones; it is not their share of the engine's time.
"""

import random
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Protocol

from sentinel.detect.compile import holds
from sentinel.detect.facts import Facts
from sentinel.detect.routing import Candidate
from sentinel.model.record import Record, Value
from sentinel.rulebook.counters import RuleCounters

EVERY_SECONDS = 60.0
BUDGET_SECONDS = 0.02
"""So long, at most and but for the last rule, is measured each time: a third of a thousandth of the pipeline's time."""


class Candidates(Protocol):
    """Knows which rules look at a record; see `sentinel.detect.routing.Router`."""

    def candidates(self, fields: Mapping[str, Value]) -> Iterable[Candidate]:
        """Return the rules for the log sources a record belongs to."""
        ...


class Costs:
    """Takes a sample now and then. The thread that owns the engine calls it."""

    def __init__(
        self,
        counters: RuleCounters,
        *,
        clock: Callable[[], float] = time.monotonic,
        chance: random.Random | None = None,
    ) -> None:
        self._counters = counters
        self._clock = clock
        self._chance = chance or random.Random()  # noqa: S311 - a sample, no secret
        self._next = clock() + EVERY_SECONDS

    def see(self, router: Candidates, records: Sequence[Record]) -> bool:
        """Measure some rules on one of `records` where it is time to; return whether it was."""
        if not records or self._clock() < self._next:
            return False
        self._next = self._clock() + EVERY_SECONDS
        if measured := measure(router, self._chance.choice(records), self._chance):
            self._counters.add_costs(measured)
        return True


def measure(
    router: Candidates, record: Record, chance: random.Random, budget_seconds: float = BUDGET_SECONDS
) -> dict[str, tuple[int, int]]:
    """Return evaluations and nanoseconds of some of the rules that look at a record, by rule id."""
    candidates = list(router.candidates(record.fields))
    chance.shuffle(candidates)
    facts = Facts(record.fields)
    spent: defaultdict[str, tuple[int, int]] = defaultdict(lambda: (0, 0))
    left = int(budget_seconds * 1_000_000_000)
    for each in candidates:
        start = time.perf_counter_ns()
        holds(each.rule.condition, facts, each.names.resolve, each.keywords)
        took = time.perf_counter_ns() - start
        count, before = spent[each.rule.info.id]
        spent[each.rule.info.id] = count + 1, before + took
        left -= took
        if left < 0:
            break
    return dict(spent)
