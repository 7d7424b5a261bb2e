"""A record read back from its document is the one that was written, whatever is in it."""

import json
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sentinel.errors import InputError
from sentinel.model.ecs import TYPES
from sentinel.model.record import Fields, Record
from sentinel.store.elastic.document import document_id, to_document, to_record
from sentinel.store.elastic.mapping import AT, FITS, PAIRS, PROSE, RAW_VALUES, WORDS
from tests.store.examples import record
from tests.store.queries import fields

HELPERS = {name.removeprefix("sentinel.") for name in (AT, PAIRS, RAW_VALUES, WORDS)}


def source(each: Record) -> dict[str, Any]:
    """Return the document as the server keeps it, without the helper fields."""
    document: dict[str, Any] = orjson.loads(to_document(each).source)
    for name in HELPERS:
        document["sentinel"].pop(name, None)
    return document


def helpers(each: Record) -> dict[str, Any]:
    document: dict[str, Any] = orjson.loads(to_document(each).source)["sentinel"]
    return document


def with_fields(odd: Fields) -> Record:
    plain = record(1)
    return Record(plain.id, {**plain.fields, **odd})


names = st.one_of(
    st.sampled_from(sorted(TYPES)),
    st.builds("{}.{}".format, st.sampled_from(sorted(TYPES)), st.text(max_size=3)),
    st.sampled_from(["process", "sentinel", "sentinel.pairs", "sentinel.words.other", "a", "a.b", "a.b.c", "A", "@x"]),
    st.sampled_from(["sentinel.rest", "sentinel.raw.x", "", ".", "a.", ".a", "a..b", " ", "tên", "x" * 300]),
    st.lists(st.sampled_from("ab"), max_size=30).map(".".join),
    st.text(max_size=20),
)
scalars = st.one_of(
    st.text(), st.integers(), st.integers(-(2**70), 2**70), st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(), st.sampled_from(["10.0.0.1", "::ffff:10.0.0.1", "2026-11-23T08:00:00.000000Z", "nul\0nul"]),
)  # fmt: skip
odd_fields = st.dictionaries(
    names.filter(lambda name: name not in ("@timestamp", "event.id")), scalars | st.lists(scalars, max_size=3)
)


@settings(max_examples=300, deadline=None)
@given(odd_fields)
def test_every_record_comes_back_as_it_was(odd: Fields) -> None:
    each = with_fields(odd)
    assert to_record(source(each)) == each


@settings(max_examples=100, deadline=None)
@given(fields)
def test_a_usual_record_comes_back_as_it_was(usual: Fields) -> None:
    each = with_fields(usual)
    assert to_record(source(each)) == each


@settings(max_examples=200, deadline=None)
@given(odd_fields)
def test_only_what_fits_lies_where_the_mapping_looks(odd: Fields) -> None:
    document = source(with_fields(odd))

    def walk(place: dict[str, Any], prefix: str) -> None:
        for name, value in place.items():
            full = prefix + name
            assert name
            if isinstance(value, dict):
                assert full not in TYPES
                walk(value, f"{full}.")
            elif full in TYPES:
                values = value if isinstance(value, list) else [value]
                assert all(map(FITS[full], values)), full

    walk(document, "")


def test_ten_thousand_fields_and_a_long_line_are_kept() -> None:
    many: Fields = {f"field{number}.x{number % 7}": f"value {number}" for number in range(10_000)}
    each = with_fields({**many, "event.original": "a é" * 350_000, "process.command_line": "x" * 9_000})
    assert to_record(source(each)) == each
    assert max(len(token.encode()) for token in helpers(each)["pairs"]) < 32_766


def test_a_deep_name_does_not_make_a_deep_document() -> None:
    each = with_fields({".".join(["a"] * 500): 1})
    assert to_record(source(each)) == each
    assert "a" not in source(each)


def test_people_read_nested_names() -> None:
    document = source(with_fields({"user.name": "root", "winlog.event_data.Image": "C:\\a.exe"}))
    assert document["user"] == {"name": "root"}
    assert document["winlog"] == {"event_data": {"Image": "C:\\a.exe"}}
    assert "sentinel" not in document or not document["sentinel"]


def test_a_value_that_does_not_fit_is_kept_beside() -> None:
    document = source(with_fields({"process.pid": "n/a", "x.big": 2**70}))
    assert "process" not in document
    assert json.loads(document["sentinel"]["rest"])["fields"] == {"process.pid": "n/a", "x.big": 2**70}


def test_broken_text_is_kept_as_far_as_it_is_text() -> None:
    found = to_record(source(with_fields({"message": "a\udce9b", "x.y": ["c\udcffd"], "user.name": "nul\0nul"})))
    assert found.fields["message"] == "a\N{REPLACEMENT CHARACTER}b"
    assert found.fields["x.y"] == ["c\N{REPLACEMENT CHARACTER}d"]
    assert found.fields["user.name"] == "nul\0nul"


def test_a_number_without_end_is_left_out() -> None:
    found = to_record(source(with_fields({"x.y": float("inf"), "x.z": [1.5, float("nan")]})))
    assert "x.y" not in found.fields
    assert found.fields["x.z"] == [1.5]


@pytest.mark.parametrize("said", [None, "another", 5, ["a", "b"]])
def test_the_id_of_a_record_is_not_what_its_field_says(said: Any) -> None:
    plain = {name: value for name, value in record(1).fields.items() if name != "event.id"}
    each = Record("own", plain if said is None else {**plain, "event.id": said})
    assert source(each)["event"]["id"] == "own"
    assert to_record(source(each)) == each


@pytest.mark.parametrize("identity", ["x" * 600, "x" * 9_000, "é" * 300, "", "a b/c"])
def test_every_id_can_be_one_of_a_document(identity: str) -> None:
    each = Record(identity, {**record(1).fields, "event.id": identity})
    assert to_record(source(each)) == each
    assert 0 < len(document_id(identity).encode()) <= 512


@pytest.mark.parametrize("time", [None, "2026-11-23 08:00", 5, "2026-13-23T08:00:00.000000Z"])
def test_a_record_without_a_proper_time_is_refused(time: Any) -> None:
    with pytest.raises(InputError, match="@timestamp"):
        to_document(with_fields({"@timestamp": time}))


@pytest.mark.parametrize("time", ["0999-01-01T00:00:00.000000Z", "9999-12-31T23:59:59.999999Z"])
def test_a_time_beyond_the_streams_is_kept(time: str) -> None:
    each = with_fields({"@timestamp": time})
    assert to_record(source(each)) == each
    assert source(each)["@timestamp"] in ("1970-01-01T00:00:00.000000Z", "2262-04-11T23:47:16.854775Z")


def test_words_are_folded_and_of_each_value_alone() -> None:
    found = helpers(with_fields({"message": ["Hải Phòng", "đô"], "user.name": "Root", "host.name": "a-b"}))["words"]
    assert found["message"] == ["hai phong", "do"]
    assert found["other"] == ["a b", "root"]
    assert {name.replace(".", "_") for name in PROSE} >= {*found} - {"other"}
