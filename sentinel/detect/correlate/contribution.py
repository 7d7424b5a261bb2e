"""One match as a correlation keeps it."""

from typing import NamedTuple

MAX_DEPTH = 16
"""Correlations on correlations on ...: so many."""
Key = tuple[str, ...]
"""Agency (empty across agencies), then the group-by values; one more item where the clock of the sender is ahead."""
Value = str | tuple[str, ...] | float | None


class Contribution(NamedTuple):
    """One match that counts towards a correlation; sorts by time, then by arrival."""

    at: int
    """Event time in microseconds."""
    order: int
    """Number of its arrival: tells apart what bears the same time."""
    rule: int
    """Which of the rules the correlation listens to."""
    records: tuple[str, ...]
    """Record of a plain rule, or all those behind a correlation."""
    value: Value
    """What `value_*` looks at: a text, several, or a number; None for other kinds."""
