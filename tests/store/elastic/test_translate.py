"""What a search becomes for Elasticsearch: the scope is always inside, and bounds mean what they meant."""

from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.errors import InputError
from sentinel.model.search import Search
from sentinel.store.elastic.clauses import NOTHING
from sentinel.store.elastic.tokens import number_key
from sentinel.store.elastic.translate import MAX_AGENCIES, node, query
from sentinel.store.query import parse
from tests.store.examples import city
from tests.store.queries import queries


def leaf(text: str) -> Any:
    return node(parse(text))


@settings(max_examples=200, deadline=None)
@given(queries)
def test_the_scope_is_a_condition_of_every_search(text: str) -> None:
    try:
        made = query(Search(scope=frozenset({"dept-a"}), query=text))
    except InputError:
        return
    assert made == NOTHING or made["bool"]["filter"][0] == {"terms": {"organization.id": ["dept-a"]}}
    assert query(Search(scope=frozenset(), query=text)) == NOTHING
    orjson.dumps(made)


def test_a_wrong_query_is_told_even_to_who_sees_nothing() -> None:
    with pytest.raises(InputError):
        query(Search(scope=frozenset(), query="a AND"))


def test_a_scope_without_end_is_refused() -> None:
    with pytest.raises(InputError, match="agencies"):
        query(Search(scope=frozenset(map(str, range(MAX_AGENCIES + 1)))))


@pytest.mark.parametrize("time", ["yesterday", "2026-11-23T08:00:00", "9999-12-31T23:59:59-05:00"])
def test_a_time_that_is_none_is_refused(time: str) -> None:
    with pytest.raises(InputError, match="time"):
        query(city(start=time))


@pytest.mark.parametrize(
    ("text", "bounds"),
    [
        ("process.pid:[1.5 TO 2.5]", {"gte": 2, "lte": 2}),
        ("process.pid:{1 TO 3}", {"gte": 2, "lte": 2}),
        ("process.pid:>7", {"gte": 8}),
        ("process.pid:9007199254740993", {"gte": 2**53 + 1, "lte": 2**53 + 1}),
        # The number itself is none of a float's; its neighbours are.
        ("sentinel.dns.entropy:>=9007199254740993", {"gt": 2.0**53}),
        ("sentinel.dns.entropy:<=9007199254740993", {"lte": 2.0**53}),
        ("sentinel.dns.entropy:[0.5 TO 3}", {"gte": 0.5, "lt": 3.0}),
    ],
)
def test_bounds_of_numbers_are_exact(text: str, bounds: dict[str, float]) -> None:
    field = text.partition(":")[0]
    assert {"range": {field: bounds}} in leaf(text)["bool"]["should"]


def test_the_networks_of_ipv6_leave_ipv4_out() -> None:
    ranges = [each["range"] for each in leaf('source.ip:"::/0"')["bool"]["should"] if "source.ip" in each["range"]]
    ends = [(each["source.ip"]["gte"], each["source.ip"]["lte"]) for each in ranges]
    assert ends == [("::", "::fffe:ffff:ffff"), ("::1:0:0:0", "ffff:" * 7 + "ffff")]


@settings(max_examples=500)
@given(
    st.integers(-(2**65), 2**65) | st.floats(allow_nan=False, allow_infinity=False),
    st.integers(-(2**63), 2**63) | st.floats(-(2.0**63), 2.0**63),
)
def test_keys_of_numbers_sort_as_the_numbers(value: float, bound: float) -> None:
    low, high = number_key(value), number_key(bound)
    assert (low < high, low == high) == (value < bound, value == bound)


def test_a_pattern_without_words_is_found_nowhere() -> None:
    assert leaf('"--"') == NOTHING
