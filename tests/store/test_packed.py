"""Records that come as columns are the same records, and the store keeps them as it keeps others."""

from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.model.record import Record
from sentinel.model.search import Search
from sentinel.store import Mark
from sentinel.store.frame import Frame
from sentinel.store.local import LocalStore
from sentinel.store.packed import Packed, frame_of
from tests.store.examples import city

AT = "2026-11-23T08:00:{:02}.000000Z"


def record(number: int, **more: object) -> Record:
    fields = {
        "@timestamp": AT.format(number % 60),
        "event.kind": "event",
        "event.dataset": "linux.auth",
        "event.original": f"line {number}",
        "organization.id": "city",
        "event.id": f"{number:040x}",
        **more,
    }
    return Record(f"{number:040x}", fields)  # type: ignore[arg-type]


def travelled(records: list[Record], looked_at: set[int]) -> Frame:
    """Return the frame of records as it comes out of a pipe."""
    return msgspec.msgpack.decode(msgspec.msgpack.encode(frame_of(records, looked_at)), type=Frame)


values = (
    st.text(st.characters(exclude_categories=["Cs"]), max_size=9) | st.integers(-(2**63), 2**63 - 1) | st.booleans()
)
more = st.dictionaries(
    st.sampled_from(["user.name", "source.port", "a.field", "event.kind", "message"]), values, max_size=4
)


@given(st.lists(more, min_size=1, max_size=6), st.sets(st.integers(0, 5)))
def test_records_come_back_as_they_went(fields: list[dict[str, object]], looked_at: set[int]) -> None:
    records = [record(number, **each) for number, each in enumerate(fields)]
    packed = Packed([travelled(records, looked_at & set(range(len(records)))), travelled(records[:1], set())])
    assert [each.fields.get("event.kind") for each in packed] == [
        each.fields["event.kind"] for each in [*records, records[0]]
    ]
    assert list(packed) == [*records, records[0]]
    assert packed[-1] == records[0]
    assert packed[0:1] == records[:1]
    assert "no.such" not in packed[0].fields
    assert len(packed[0].fields) == len(records[0].fields)


@pytest.mark.parametrize("known", [0, 1, 30])
def test_what_is_stored_or_comes_twice_is_kept_once(tmp_path: Path, known: int) -> None:
    store = LocalStore(tmp_path / "store")
    assert store.add([record(number) for number in range(known)], Mark(known)) == known
    first = [record(number) for number in range(20)]
    second = [record(number, message="again") if number < 20 else record(number) for number in range(10, 40)]
    packed = Packed([travelled(first, set()), travelled(second, {1, 2})])
    assert store.add(packed, Mark(50)) == 40 - known
    assert store.add(Packed([travelled([record(40), record(41)], set())]), Mark(52)) == 2
    assert [each.id for each in sorted(store.scan(Search(scope=city().scope)), key=lambda each: each.id)] == [
        record(number).id for number in range(42)
    ]
    assert not any("message" in each.fields for each in store.scan(city()))
    store.close()
