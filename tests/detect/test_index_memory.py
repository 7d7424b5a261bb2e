"""What the index remembers stays within bounds, and what it forgets changes no verdict."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.detect.index import slot
from sentinel.detect.index.memory import ENTRY_BYTES, Memory
from sentinel.detect.index.partition import Partition
from sentinel.detect.index.planner import Candidate, plan
from sentinel.detect.tree import Item, Node, one_of
from sentinel.detect.values import Null, Text, Value
from sentinel.model.record import Value as Held

LIMIT = 20 * ENTRY_BYTES


def contains(text: str) -> Value:
    """Return a value that looks for a text anywhere."""
    return Text(((), (text,), ()))


def candidate(number: int, condition: Node) -> Candidate:
    """Return a rule that reads fields by their names."""
    return Candidate(number, (0, 0), condition, lambda name: (name,), ())


PLAN = plan(
    [
        candidate(0, Item("a", ((contains("7"),),))),
        candidate(1, Item("b", ((contains("ab"),), (contains("ba"),)), needs_all=True)),
        candidate(2, one_of((Item(None, ((contains("12"),),)), Item("b", ((contains("x"),),), is_negated=True)))),
        candidate(3, Item("a", ((Null(),),))),
    ],
    {},
)
RECORDS = st.lists(
    st.dictionaries(
        st.sampled_from("ab"),
        st.one_of(
            st.integers(0, 3_000).map(str),
            st.one_of(st.integers(-300, 3_000), st.booleans(), st.floats(allow_nan=False)),
            st.text("abx\n7", max_size=30),
            st.lists(st.text("abx7", max_size=9), max_size=3),
            st.integers(0, 300).map(lambda number: f"ab{number}\n" * 200),
        ),
    ),
    max_size=60,
)


@settings(max_examples=60)
@given(RECORDS)
def test_forgetting_changes_no_verdict(records: list[dict[str, Held]]) -> None:
    memory = Memory(LIMIT)
    short, long = Partition(PLAN, memory), Partition(PLAN)
    for record in records:
        assert short.find(record) == long.find(record) == Partition(PLAN).find(record)
        assert memory.used <= LIMIT


@settings(max_examples=60)
@given(RECORDS)
def test_many_together_are_judged_as_one_by_one(records: list[dict[str, Held]]) -> None:
    one_by_one = [Partition(PLAN).find(record) for record in records]
    assert Partition(PLAN, Memory(LIMIT)).find_all(records) == Partition(PLAN).find_all(records) == one_by_one


def test_many_partitions_share_one_bound() -> None:
    memory = Memory(LIMIT)
    partitions = [Partition(PLAN, memory) for _ in range(5)]
    for number in range(200):
        for partition in partitions:
            partition.find({"a": f"value {number}", "b": f"other {number}"})
    kept = sum(len(each.known) for partition in partitions for each in partition.slots)
    assert kept + sum(len(partition.verdicts) for partition in partitions) <= LIMIT // ENTRY_BYTES + 10


def test_what_one_field_forgets_is_given_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(slot, "MAX_REMEMBERED", 10)
    memory = Memory()
    partition = Partition(PLAN, memory)
    for number in range(1_000):
        partition.find({"a": f"value {number}"})
    assert memory.used < 100 * ENTRY_BYTES
