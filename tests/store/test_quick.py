"""A column made at once holds what one made value by value holds, or is not made."""

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.model.ecs import LISTS
from sentinel.store import columns
from sentinel.store.quick import Together, column

times = st.sampled_from(
    [
        "2026-11-23T08:00:00.000000Z",
        "1970-01-01T00:00:00.000001Z",
        "2199-12-31T23:59:59.999999Z",
        "2026-11-23 08:00:00.000000Z",
        "2026-11-23T08:00:00.000000z",
        "2026-11-23T08:00:00.00000Z",
        "2026-11-23T08:00:00.0000000Z",
        "2026-02-30T08:00:00.000000Z",
        "2026-11-23T08:00:00.000000",
        "2026-11-23T24:00:00.000000Z",
        "2026-11-23T08:00:60.000000Z",
        "2026-11-23",
        "",
        "+2026-11-23T08:00:00.00000Z",
    ]
)
scalars = (
    st.text(st.sampled_from("aẶ\ud800\0"), max_size=3) | st.integers(-(2**65), 2**65) | st.booleans() | st.floats()
)
values = st.none() | times | scalars | st.lists(scalars, max_size=2) | st.lists(st.text("ab", max_size=2), max_size=2)


@pytest.mark.parametrize("name", ["@timestamp", "source.port", "message", "event.category", "related.ip"])
@given(st.data())
def test_both_ways_agree(name: str, data: st.DataObject) -> None:
    some = {"@timestamp": times, "source.port": st.integers(-9, 9), "message": st.text("ab")}.get(name, values)
    given_values = data.draw(st.lists(st.none() | some, max_size=4) | st.lists(values, max_size=4))
    made = column(given_values, columns.KINDS[name], is_list=name in LISTS)
    if made is not None:
        fitting = [None if value is None else columns._FITS[name](value) for value in given_values]
        assert [value is None for value in fitting] == [value is None for value in given_values]
        assert made.equals(pa.array(fitting, columns.SCHEMA.field(name).type))


NAMES = ("@timestamp", "source.port", "message", "event.category", "related.ip")
ordinary = st.fixed_dictionaries(
    {},
    optional={
        "@timestamp": times,
        "source.port": st.integers(-(2**65), 2**65),
        "message": st.text(st.sampled_from("a\u1eb6\ud800\0"), max_size=3),
        "event.category": st.lists(st.text("ab", max_size=2), max_size=2),
        "more": scalars,
    },
)
strange = st.dictionaries(st.sampled_from(NAMES), values.filter(lambda each: each is not None), max_size=3)


@given(st.lists(ordinary | strange, min_size=1, max_size=4))
def test_all_together_are_what_each_is_by_itself(fields: list[dict[str, object]]) -> None:
    together = Together({name: columns.KINDS[name] for name in NAMES}, LISTS)
    made = together.columns(fields) if all(together.check(tuple(each))(each) for each in fields) else None
    if made is not None:
        assert tuple(made) == NAMES
        for name, array in made.items():
            alone = column([each.get(name) for each in fields], columns.KINDS[name], is_list=name in LISTS)
            assert alone is not None
            assert array.equals(alone)


def test_ordinary_records_are_made_together() -> None:
    usual = {"@timestamp": "2026-11-23T08:00:00.000000Z", "source.port": 1, "message": "a", "event.category": ["a"]}
    made = columns._TOGETHER.columns([{}, usual, {"related.ip": [], "more": 0.5}])
    assert made is not None
    assert tuple(made) == columns.PROMOTED


def test_ordinary_columns_are_made_at_once() -> None:
    assert column(["2026-11-23T08:00:00.000000Z", None], "date", is_list=False) is not None
    assert column([1, None], "long", is_list=False) is not None
    assert column(["a", None], "keyword", is_list=False) is not None
    assert column([["a"], None, []], "keyword", is_list=True) is not None
    assert column([None, None], "date", is_list=False) is not None
