"""Modifiers `minute`, `hour`, `day`, `week`, `month` and `year`: a part of a time equals a number."""

from sigma.types import SigmaTimestampPart

from sentinel.detect.facts import Facts
from sentinel.detect.place import Place, Test
from sentinel.detect.time_parts import part_of


def part(value: SigmaTimestampPart, place: Place) -> Test:
    """Return the test of a value with one of the time modifiers."""
    unit, wanted, read = value.timestamp_part, value.number, place.values()

    def test(facts: Facts) -> bool:
        return any(part_of(found, unit) == wanted for found in read(facts))

    return test
