"""What a search finds is what reading the query record by record finds, in every store."""

import itertools
from collections.abc import Iterator

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel.errors import InputError
from sentinel.model.record import Fields, Record
from sentinel.model.search import Search
from sentinel.store import Mark, Store
from sentinel.store.query import parse
from sentinel.store.words import MAX_WORDS_CHARACTERS
from tests.store.backends import BACKENDS, PARAMETERS
from tests.store.examples import record
from tests.store.queries import fields, queries
from tests.store.reference import holds

NUMBERS = itertools.count(1)
"""Every example has ids and an agency of its own, so that all of them can share one store."""

MAINTENANCE = itertools.count(1)


@pytest.fixture(scope="module", params=PARAMETERS)
def store(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    opened = BACKENDS[request.param](request, tmp_path_factory.mktemp("meaning"))
    yield opened
    opened.close()


def stored(store: Store, all_fields: list[Fields], split: int) -> tuple[str, list[Record]]:
    """Return the agency and the records after adding them in two batches."""
    agency = f"agency-{next(NUMBERS)}"
    records = []
    for each in all_fields:
        number = next(NUMBERS)
        plain = record(number, agency=agency)
        records.append(Record(plain.id, {**plain.fields, **each}))
    store.add(records[:split], Mark(1))
    store.add(records[split:], Mark(2))
    if next(MAINTENANCE) % 4 == 0:
        store.maintain()
    return agency, records


@settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    all_fields=st.lists(fields, min_size=1, max_size=6),
    asked=st.lists(queries, min_size=4, max_size=8),
    split=st.integers(0, 6),
)
def test_a_search_finds_what_reading_every_record_finds(
    store: Store, all_fields: list[Fields], asked: list[str], split: int
) -> None:
    agency, records = stored(store, all_fields, split)
    for each in records:
        assert store.get(each.id, frozenset({agency})) == each
    for text in asked:
        try:
            tree = parse(text)
        except InputError:
            continue
        wanted = {each.id for each in records if holds(tree, each)}
        found = store.search(Search(scope=frozenset({agency}), query=text))
        assert {each.id for each in found.records} == wanted, text
        assert found.total == len(wanted)


QUERIES = [
    *("source.ip:10.0.0.0/8", 'source.ip:"2001:db8::/32"', "source.ip:[10.0.0.1 TO 10.9.9.9]", "source.ip:1*", "word"),
    *("user.name:a*b?", "user.name:[a TO b]", "user.name:[1 TO 2]", "x.y:[1 TO 2]", "x.y:a*", "x.y:a", "_exists_:x.y"),
    *("related.ip:10.0.0.0/8", 'related.ip:"::/0"', "process.pid:1*", "message:word", "NOT x.y:1", "a*b"),
    *("-message:*a*", "x.y:/a.*/", "message:/a.*/", "x.y:10.0.0.0/8"),
]
any_value = (
    st.text() | st.text("0123456789.:abf/%", max_size=30) | st.integers() | st.floats(allow_nan=False) | st.booleans()
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    st.dictionaries(
        st.sampled_from(
            ["source.ip", "user.name", "x.y", "message", "process.pid", "related.ip", "event.original"],
        ),
        any_value | st.lists(any_value, max_size=3),
    )
)
def test_no_value_can_break_a_search(store: Store, odd: Fields) -> None:
    agency, _ = stored(store, [odd, {}], 1)
    for query in QUERIES:
        assert store.search(Search(scope=frozenset({agency}), query=query)).total <= 2
    assert store.search(Search(scope=frozenset({agency}))).total == 2


@pytest.mark.parametrize("query", ["hai", "hai phong", '"hai phong"'])
def test_words_are_found_in_each_text_however_long_the_others_are(store: Store, query: str) -> None:
    long = f"ế {'x' * MAX_WORDS_CHARACTERS}"
    said: list[Fields] = [{"event.original": long, "message": text} for text in ("Hải Phòng", "ế")]
    agency, records = stored(store, [*said, {"user.name": "Hải Phòng"}], 1)
    found = store.search(Search(scope=frozenset({agency}), query=query))
    assert {each.id for each in found.records} == {records[0].id, records[2].id}
