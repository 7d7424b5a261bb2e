"""Whether a field is there at all: `null` and `exists`."""

from sigma.types import SigmaExists, SigmaNull

from sentinel.detect.facts import Facts
from sentinel.detect.place import Place, Test
from sentinel.errors import InputError


def null(value: SigmaNull, place: Place) -> Test:  # noqa: ARG001 - every builder takes a value
    """Return the test of `null`: the field is absent. An empty text is present."""
    if place.is_keyword:
        raise InputError("null needs a field to be absent from")
    names = place.names

    def test(facts: Facts) -> bool:
        found = facts.first(names)
        return found is None or facts.fields[found] == []

    return test


def exists(value: SigmaExists, place: Place) -> Test:
    """Return the test of modifier `exists`: only whether the field is there counts."""
    names, wanted = place.names, value.exists
    return lambda facts: (facts.first(names) is not None) == wanted
