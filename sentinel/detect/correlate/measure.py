"""What each kind of correlation measures in a window, and whether that meets its condition."""

import math
import operator
from collections.abc import Callable, Sequence
from statistics import fmean, median

from sigma.correlations import (
    CorrelationConditionAND,
    CorrelationConditionItem,
    CorrelationConditionNOT,
    SigmaRuleReference,
)

from sentinel.detect.correlate.window import Contribution
from sentinel.detect.rule import Correlation

Window = Sequence[Contribution]
Measure = Callable[[Correlation, Window], float]
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "eq": operator.eq,
    "neq": operator.ne,
}


def holds(correlation: Correlation, window: Window) -> bool:
    """Return whether `window`, in order of time and not empty, meets the correlation's condition."""
    if correlation.expression is not None:
        return _expression_holds(correlation, window)
    measured = MEASURES[correlation.kind](correlation, window)
    return all(_COMPARE[comparison](measured, limit) for comparison, limit in correlation.limits)


def involved(correlation: Correlation, window: Window) -> list[Contribution]:
    """Return the part of a window that made the match: of an order, nothing before its first rule."""
    if correlation.kind != "temporal_ordered":
        return list(window)
    begun = next((place for place, each in enumerate(window) if each.rule == correlation.rules[0]), 0)
    return list(window[begun:])


def _event_count(correlation: Correlation, window: Window) -> float:  # noqa: ARG001
    return len(window)


def _value_count(correlation: Correlation, window: Window) -> float:  # noqa: ARG001
    return len({each.value for each in window})


def _temporal(correlation: Correlation, window: Window) -> float:
    present = {each.rule for each in window}
    return sum(rule in present for rule in correlation.rules)


def _temporal_ordered(correlation: Correlation, window: Window) -> float:
    return _in_order(correlation.rules, window)


def _in_order(rules: Sequence[str], window: Window) -> int:
    """Return how many of `rules` are found one after another; taking each as early as possible is best."""
    found = 0
    for each in window:
        if found < len(rules) and each.rule == rules[found]:
            found += 1
    return found


def _numbers(window: Window) -> list[float]:
    return [float(each.value[0]) for each in window]


def _value_sum(correlation: Correlation, window: Window) -> float:  # noqa: ARG001
    return math.fsum(_numbers(window))


def _value_avg(correlation: Correlation, window: Window) -> float:  # noqa: ARG001
    return fmean(_numbers(window))


def _value_median(correlation: Correlation, window: Window) -> float:  # noqa: ARG001
    return median(_numbers(window))


def _value_percentile(correlation: Correlation, window: Window) -> float:
    """Return the value at the percentile, interpolated between neighbours."""
    ranked = sorted(_numbers(window))
    place = (len(ranked) - 1) * correlation.percentile / 100
    low = math.floor(place)
    high = min(low + 1, len(ranked) - 1)
    return ranked[low] + (ranked[high] - ranked[low]) * (place - low)


MEASURES: dict[str, Measure] = {
    "event_count": _event_count,
    "value_count": _value_count,
    "temporal": _temporal,
    "temporal_ordered": _temporal_ordered,
    "value_sum": _value_sum,
    "value_avg": _value_avg,
    "value_median": _value_median,
    "value_percentile": _value_percentile,
}
NUMERIC = frozenset({"value_sum", "value_avg", "value_median", "value_percentile"})


def _expression_holds(correlation: Correlation, window: Window) -> bool:
    present = {each.rule for each in window}

    def evaluate(node: CorrelationConditionItem | SigmaRuleReference) -> bool:
        if isinstance(node, SigmaRuleReference):
            return correlation.references[node.reference] in present
        if isinstance(node, CorrelationConditionNOT):
            return not evaluate(node.args[0])
        combine = all if isinstance(node, CorrelationConditionAND) else any
        return combine(evaluate(part) for part in node.args)

    if correlation.expression is None or not evaluate(correlation.expression):
        return False
    if correlation.kind != "temporal_ordered":
        return True
    wanted = [rule for rule in correlation.rules if rule in present]
    return _in_order(wanted, window) == len(wanted)
