"""The order in which conditions are asked: what is cheap first, then the words that seem to be the rarest."""

import pytest

from sentinel.store.query import parse
from sentinel.store.sql import condition
from tests.store.examples import city


@pytest.mark.parametrize("query", ["cat AND administrator AND user.name:anna", "user.name:anna administrator cat"])
def test_all_of_several_are_asked_in_the_order_of_their_cost(query: str) -> None:
    found = condition(city(query), parse(query), frozenset())
    asked = [str(value).casefold() for value in found.values]
    places = [next(at for at, value in enumerate(asked) if word in value) for word in ("anna", "administrator", "cat")]
    assert places == sorted(places)
    assert found.is_costly
