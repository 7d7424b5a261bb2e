"""Which waiting match a newer one makes needless, so that a flood of equal ones costs neither memory nor time."""

from bisect import bisect_left
from collections.abc import Callable, Sequence

from sentinel.detect.correlate.window import Contribution
from sentinel.detect.rule import Correlation

Waiting = Sequence[Contribution]


def needless(correlation: Correlation) -> Callable[[Waiting, Contribution], int | None]:
    """Return a function that gives the place of the match a new one replaces, or None."""
    if correlation.kind == "value_count":
        return _same_value
    if correlation.kind == "temporal":
        return _same_rule
    if correlation.kind == "temporal_ordered" and len(set(correlation.rules)) == len(correlation.rules):
        return _same_run
    return lambda waiting, added: None  # noqa: ARG005 - every single one counts


def _same_value(waiting: Waiting, added: Contribution) -> int | None:
    # A later window holds the newer of two equal values whenever it holds the older.
    return next((i for i, each in enumerate(waiting) if each.value == added.value and each < added), None)


def _same_rule(waiting: Waiting, added: Contribution) -> int | None:
    return next((i for i, each in enumerate(waiting) if each.rule == added.rule and each < added), None)


def _same_run(waiting: Waiting, added: Contribution) -> int | None:
    """Of matches of one rule with no other between, the newest serves every order as well as the others."""
    place = bisect_left(waiting, added) - 1
    return place if place >= 0 and waiting[place].rule == added.rule else None
