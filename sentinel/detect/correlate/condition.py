"""Whether what was measured meets a correlation's condition."""

import operator
from collections.abc import Callable, Mapping

from sentinel.detect.correlate.expression import Combined, Excluded, Expression
from sentinel.detect.correlate.measure import Measure, Ordered
from sentinel.detect.rule import Correlation

Condition = Callable[[Measure], bool]
_COMPARE: dict[str, Callable[[float, float], bool]] = {
    "gt": operator.gt,
    "gte": operator.ge,
    "lt": operator.lt,
    "lte": operator.le,
    "eq": operator.eq,
    "neq": operator.ne,
}


def condition_of(correlation: Correlation, numbers: Mapping[str, int]) -> Condition:
    """Return the test of a window that is not empty; `numbers` says how contributions call the rules."""
    if correlation.expression is not None:
        test = _expression(correlation.expression, numbers)
        if correlation.kind == "temporal_ordered":
            return lambda measure: test(measure) and isinstance(measure, Ordered) and measure.is_ordered()
        return test
    limits = [(_COMPARE[comparison], limit) for comparison, limit in correlation.limits]
    if len(limits) == 1:
        compare, only = limits[0]
        return lambda measure: compare(measure.value(), only)
    return lambda measure: all(compare(measure.value(), limit) for compare, limit in limits)


def _expression(node: Expression, numbers: Mapping[str, int]) -> Condition:
    if isinstance(node, Combined):
        parts = [_expression(part, numbers) for part in node.parts]
        join = all if node.needs_all else any
        return lambda measure: join(part(measure) for part in parts)
    if isinstance(node, Excluded):
        inner = _expression(node.part, numbers)
        return lambda measure: not inner(measure)
    number = numbers[node]
    return lambda measure: measure.has(number)
