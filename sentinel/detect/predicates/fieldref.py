"""A value that is another field of the same record."""

from collections.abc import Callable

from sigma.types import SigmaFieldReference

from sentinel.detect.facts import Facts
from sentinel.detect.place import Place, Test
from sentinel.errors import InputError

_COMPARE: dict[tuple[bool, bool], Callable[[str, str], bool]] = {
    (False, False): lambda text, other: text == other,
    (True, False): lambda text, other: text.startswith(other),
    (False, True): lambda text, other: text.endswith(other),
    (True, True): lambda text, other: other in text,
}
"""(`startswith`, `endswith`) -> comparison; both together mean `contains`."""


def field_reference(value: SigmaFieldReference, place: Place) -> Test:
    """Return the test of modifier `fieldref`; without case, and false where either field is absent."""
    if place.is_keyword:
        raise InputError("fieldref needs a field to compare with")
    read = place.folded()
    read_other = Place(place.resolve(value.field), place.resolve).folded()
    compare = _COMPARE[value.starts_with, value.ends_with]

    def test(facts: Facts) -> bool:
        others = read_other(facts)
        return any(compare(text, other) for text in read(facts) for other in others)

    return test
