"""What a search finds is what reading the query record by record finds."""

import fnmatch
import ipaddress
import tempfile
import unicodedata
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from sentinel.model.record import Record, Value
from sentinel.store import Mark
from sentinel.store.local import LocalStore
from sentinel.store.sql import FREE_TEXT
from tests.store.examples import CITY, city, record

Holds = Callable[[Record], bool]
Query = tuple[str, Holds]

WORDS = ["root", "Root", "admin", "Hải", "hai", "đô", "a_b", "50%", "x.y"]
IPS = ["10.0.0.1", "10.0.1.9", "192.168.7.1", "2001:db8::1", "fe80::1"]
TEXT_FIELDS = ["user.name", "host.name", "winlog.event_data.Image", "event.category", "tags"]
NUMBERS = ["process.pid", "log.offset", "http.request.body.bytes"]


def fold(text: str) -> str:
    plain = "".join(each for each in unicodedata.normalize("NFD", text.lower()) if not unicodedata.combining(each))
    return plain.replace("đ", "d")


def values(each: Record, field: str) -> list[object]:
    value = each.fields.get(field)
    if value is None:
        return []
    return list(value) if isinstance(value, list) else [value]


def texts(each: Record, field: str) -> list[str]:
    return [str(value).lower() if isinstance(value, bool) else str(value) for value in values(each, field)]


records = st.lists(
    st.fixed_dictionaries(
        {},
        optional={
            "user__name": st.sampled_from(WORDS),
            "host__name": st.sampled_from(WORDS) | st.integers(0, 3),
            "winlog__event_data__Image": st.sampled_from(WORDS)
            | st.lists(st.sampled_from(WORDS), min_size=1, max_size=2),
            "event__category": st.lists(st.sampled_from(WORDS), min_size=1, max_size=3),
            "tags": st.lists(st.sampled_from(WORDS), min_size=1, max_size=2),
            "process__pid": st.integers(0, 5) | st.sampled_from(["x", "3"]),
            "log__offset": st.integers(0, 5),
            "http__request__body__bytes": st.integers(0, 5),
            "source__ip": st.sampled_from(IPS),
            "related__ip": st.lists(st.sampled_from(IPS), min_size=1, max_size=3),
            "message": st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join),
        },
    ),
    min_size=1,
    max_size=6,
).map(lambda all_fields: [record(number, **fields) for number, fields in enumerate(all_fields, 1)])


def word_in_field(field: str, word: str) -> Query:
    return f'{field}:"{word}"', lambda each: any(fold(text) == fold(word) for text in texts(each, field))


def pattern_in_field(field: str, pattern: str) -> Query:
    return f"{field}:{pattern}", lambda each: any(
        fnmatch.fnmatchcase(fold(text), fold(pattern)) for text in texts(each, field)
    )


def free(word: str) -> Query:
    return f'"{word}"', lambda each: any(
        fold(word) in fold(value) for field in FREE_TEXT for value in values(each, field) if isinstance(value, str)
    )


def exists(field: str) -> Query:
    return f"_exists_:{field}", lambda each: field in each.fields


def number_between(field: str, low: int, high: int) -> Query:
    def holds(each: Record) -> bool:
        found = [int(text) for text in texts(each, field) if text.isdecimal()]
        return any(low <= number < high for number in found)

    return f"{field}:[{low} TO {high}}}", holds


def in_network(field: str, network: str) -> Query:
    inside = ipaddress.ip_network(network)
    return f'{field}:"{network}"', lambda each: any(ipaddress.ip_address(text) in inside for text in texts(each, field))


PATTERNS = ["ro*", "*o?", "?????", "h*i", "a_*", "50%*", "*d*"]
NETWORKS = ["10.0.0.0/8", "10.0.1.0/24", "0.0.0.0/0", "2001:db8::/32", "::/0"]
leaves = st.one_of(
    st.builds(word_in_field, st.sampled_from(TEXT_FIELDS), st.sampled_from(WORDS)),
    st.builds(pattern_in_field, st.sampled_from(TEXT_FIELDS), st.sampled_from(PATTERNS)),
    st.builds(free, st.sampled_from([*WORDS, "number1", "0.0"])),
    st.builds(exists, st.sampled_from([*TEXT_FIELDS, *NUMBERS, "source.ip", "no.such"])),
    st.builds(number_between, st.sampled_from(NUMBERS), st.integers(0, 5), st.integers(0, 6)),
    st.builds(in_network, st.sampled_from(["source.ip", "related.ip"]), st.sampled_from(NETWORKS)),
)


def combine(children: st.SearchStrategy[Query]) -> st.SearchStrategy[Query]:
    return st.one_of(
        children.map(lambda query: (f"NOT ({query[0]})", lambda each: not query[1](each))),
        st.tuples(children, children).map(
            lambda both: (f"({both[0][0]}) AND ({both[1][0]})", lambda each: both[0][1](each) and both[1][1](each))
        ),
        st.tuples(children, children).map(
            lambda both: (f"({both[0][0]}) OR ({both[1][0]})", lambda each: both[0][1](each) or both[1][1](each))
        ),
    )


queries = st.recursive(leaves, combine, max_leaves=5)


@pytest.fixture(scope="module")
def folder() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        yield Path(name)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(stored=records, asked=st.lists(queries, min_size=4, max_size=8), split=st.integers(0, 6))
def test_a_search_finds_what_reading_every_record_finds(
    folder: Path, stored: list[Record], asked: list[Query], split: int
) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as place:
        store = LocalStore(Path(place))
        store.add(stored[:split], Mark(1))
        store.add(stored[split:], Mark(2))
        for each in stored:
            assert store.get(each.id, CITY) == each
        for text, holds in asked:
            wanted = {each.id for each in stored if holds(each)}
            found = store.search(city(text))
            assert {each.id for each in found.records} == wanted, text
            assert found.total == len(wanted)
        store.close()


QUERIES = [
    *("source.ip:10.0.0.0/8", 'source.ip:"2001:db8::/32"', "source.ip:[10.0.0.1 TO 10.9.9.9]", "source.ip:1*", "word"),
    *("user.name:a*b?", "user.name:[a TO b]", "user.name:[1 TO 2]", "x.y:[1 TO 2]", "x.y:a*", "x.y:a", "_exists_:x.y"),
    *(
        "related.ip:10.0.0.0/8",
        'related.ip:"::/0"',
        "process.pid:1*",
        "message:word",
        "NOT x.y:1",
        "a*b",
        "-message:*a*",
    ),
]
anything = (
    st.text() | st.text("0123456789.:abf/%", max_size=30) | st.integers() | st.floats(allow_nan=False) | st.booleans()
)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    each=st.dictionaries(
        st.sampled_from(
            ["source__ip", "user__name", "x__y", "message", "process__pid", "related__ip", "event__original"]
        ),
        anything | st.lists(anything, max_size=3),
    )
)
def test_no_value_can_break_a_search(folder: Path, each: dict[str, Value]) -> None:
    with tempfile.TemporaryDirectory(dir=folder) as place:
        store = LocalStore(Path(place))
        store.add([record(1, **each), record(2)], Mark(1))
        for query in QUERIES:
            assert store.search(city(query)).total <= 2
        assert store.search(city()).total == 2
        store.close()
