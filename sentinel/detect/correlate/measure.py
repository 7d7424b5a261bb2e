"""What each kind of correlation measures in a window that slides: every step costs the same, however full it is."""

import math
from bisect import bisect_left, bisect_right, insort
from collections.abc import Callable, Sequence
from typing import Protocol

from sentinel.detect.correlate.contribution import Contribution, Value
from sentinel.detect.rule import Correlation

NUMERIC = frozenset({"value_sum", "value_avg", "value_median", "value_percentile"})
MAX_NUMBER = 1e300
"""A number beyond is none: sums of so many must stay finite."""
_BITS = 1_074
"""Every float is a whole number of 2**-1074."""


class Measure(Protocol):
    """What is known of a window."""

    def add(self, each: Contribution) -> None:
        """Take in one that enters the window at its end."""
        ...

    def remove(self, each: Contribution) -> None:
        """Let go of one, wherever in the window it stands."""
        ...

    def value(self) -> float:
        """Return what the condition compares; the window is not empty."""
        ...

    def has(self, rule: int) -> bool:
        """Return whether a rule matched in the window; only temporal kinds are asked."""
        ...


class Count:
    """How many matches there are (`event_count`)."""

    __slots__ = ("_number",)

    def __init__(self) -> None:
        self._number = 0

    def add(self, each: Contribution) -> None:  # noqa: ARG002 - one is as good as another
        """Count one more."""
        self._number += 1

    def remove(self, each: Contribution) -> None:  # noqa: ARG002
        """Count one less."""
        self._number -= 1

    def value(self) -> float:
        """Return the number."""
        return self._number

    def has(self, rule: int) -> bool:  # noqa: ARG002
        """Return whether there are any."""
        return self._number > 0


class Distinct:
    """How many different values there are (`value_count`)."""

    __slots__ = ("_numbers",)

    def __init__(self) -> None:
        self._numbers: dict[Value, int] = {}

    def add(self, each: Contribution) -> None:
        """Count its value."""
        self._numbers[each.value] = self._numbers.get(each.value, 0) + 1

    def remove(self, each: Contribution) -> None:
        """Count its value no more."""
        left = self._numbers.pop(each.value) - 1
        if left:
            self._numbers[each.value] = left

    def value(self) -> float:
        """Return the number of different values."""
        return len(self._numbers)

    def has(self, rule: int) -> bool:  # noqa: ARG002
        """Return whether there are any."""
        return bool(self._numbers)


class Present:
    """Which rules matched (`temporal`); the value is how many of those listed did."""

    __slots__ = ("_listed", "_numbers")

    def __init__(self, listed: Sequence[int]) -> None:
        self._listed = listed
        self._numbers = [0] * (max(listed) + 1)

    def add(self, each: Contribution) -> None:
        """Count its rule."""
        self._numbers[each.rule] += 1

    def remove(self, each: Contribution) -> None:
        """Count its rule no more."""
        self._numbers[each.rule] -= 1

    def value(self) -> float:
        """Return how many of the rules listed matched; one listed twice counts twice."""
        return sum([self._numbers[rule] > 0 for rule in self._listed])

    def has(self, rule: int) -> bool:
        """Return whether a rule matched."""
        return self._numbers[rule] > 0


class Ordered:
    """Which rules matched one after another (`temporal_ordered`): taking each as early as possible is best."""

    __slots__ = ("_listed", "_places")

    def __init__(self, listed: Sequence[int]) -> None:
        self._listed = listed
        self._places: list[list[Contribution]] = [[] for _ in range(max(listed) + 1)]

    def add(self, each: Contribution) -> None:
        """Note where its rule matched."""
        insort(self._places[each.rule], each)

    def remove(self, each: Contribution) -> None:
        """Forget that."""
        places = self._places[each.rule]
        del places[bisect_left(places, each)]

    def value(self) -> float:
        """Return how many of the rules listed, from the first on, matched in their order."""
        return self._in_order(self._listed)

    def has(self, rule: int) -> bool:
        """Return whether a rule matched."""
        return bool(self._places[rule])

    def begin(self) -> Contribution:
        """Return the earliest match of the first of the rules that matched."""
        return next(self._places[rule][0] for rule in self._listed if self._places[rule])

    def is_ordered(self) -> bool:
        """Return whether those of the rules that matched did so in their order."""
        present = [rule for rule in self._listed if self._places[rule]]
        return self._in_order(present) == len(present)

    def _in_order(self, rules: Sequence[int]) -> int:
        found, last = 0, None
        for rule in rules:
            places = self._places[rule]
            place = 0 if last is None else bisect_right(places, last)
            if place == len(places):
                break
            found, last = found + 1, places[place]
        return found


class Total:
    """Sum or mean of numbers, exact whatever came and went: rounding happens once, at the end."""

    __slots__ = ("_is_mean", "_number", "_parts", "_whole")

    def __init__(self, *, is_mean: bool) -> None:
        self._is_mean = is_mean
        self._number = 0
        self._whole = 0
        self._parts = 0
        """The numbers that are not whole, in 2**-1074."""

    def add(self, each: Contribution) -> None:
        """Add its number."""
        self._count(each.value, 1)

    def remove(self, each: Contribution) -> None:
        """Subtract its number."""
        self._count(each.value, -1)

    def _count(self, value: Value, sign: int) -> None:
        number = _number(value)
        self._number += sign
        if number.is_integer():
            self._whole += sign * int(number)
        else:
            above, below = number.as_integer_ratio()
            self._parts += sign * (above << (_BITS + 1 - below.bit_length()))

    def value(self) -> float:
        """Return the sum or mean, rounded to the nearest float."""
        number = self._number if self._is_mean else 1
        if not self._parts:
            return self._whole / number
        return ((self._whole << _BITS) + self._parts) / (number << _BITS)

    def has(self, rule: int) -> bool:  # noqa: ARG002
        """Return whether there are any."""
        return self._number > 0


class Ranked:
    """The number below which so many percent lie, interpolated between neighbours; the median is that of 50."""

    __slots__ = ("_percentile", "_ranked")

    def __init__(self, percentile: float) -> None:
        self._percentile = percentile
        self._ranked: list[float] = []

    def add(self, each: Contribution) -> None:
        """Rank its number."""
        insort(self._ranked, _number(each.value))

    def remove(self, each: Contribution) -> None:
        """Rank its number no more."""
        del self._ranked[bisect_left(self._ranked, _number(each.value))]

    def value(self) -> float:
        """Return the number at the percentile."""
        place = (len(self._ranked) - 1) * self._percentile / 100
        low = math.floor(place)
        lower, higher = self._ranked[low], self._ranked[min(low + 1, len(self._ranked) - 1)]
        return lower + (higher - lower) * (place - low)

    def has(self, rule: int) -> bool:  # noqa: ARG002
        """Return whether there are any."""
        return bool(self._ranked)


def _number(value: Value) -> float:
    assert isinstance(value, float), "the correlator gives numbers to kinds that need them"
    return value


MEASURES: dict[str, Callable[[Correlation, Sequence[int]], Measure]] = {
    "event_count": lambda correlation, listed: Count(),  # noqa: ARG005
    "value_count": lambda correlation, listed: Distinct(),  # noqa: ARG005
    "temporal": lambda correlation, listed: Present(listed),  # noqa: ARG005
    "temporal_ordered": lambda correlation, listed: Ordered(listed),  # noqa: ARG005
    "value_sum": lambda correlation, listed: Total(is_mean=False),  # noqa: ARG005
    "value_avg": lambda correlation, listed: Total(is_mean=True),  # noqa: ARG005
    "value_median": lambda correlation, listed: Ranked(50.0),  # noqa: ARG005
    "value_percentile": lambda correlation, listed: Ranked(correlation.percentile),  # noqa: ARG005
}
