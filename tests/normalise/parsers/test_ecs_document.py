"""Documents that bear ECS names find their fields, and no document breaks the parser."""

import json

from hypothesis import given
from hypothesis import strategies as st

from sentinel.errors import InputError
from sentinel.normalise.placing import placed
from tests.normalise.lines import fields

_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)


def test_ecs_names_have_their_types_and_others_become_labels() -> None:
    document = {
        "@timestamp": "2026-11-23T15:04:05+07:00",
        "message": "đăng nhập",
        "event": {"category": "authentication", "outcome": "failure", "code": 4625},
        "source": {"ip": "203.0.113.9", "port": 50022},
        "user.name": "lan",
        "tags": ["a", "b"],
        "labels": {"site": "hải phòng"},
        "custom": {"depth": 3, "list": [1, 2], "nothing": None},
    }
    found = fields("ecs.document", json.dumps(document))
    assert found["event.kind"] == "event"
    assert (found["@timestamp"], found["message"]) == ("2026-11-23T08:04:05.000000Z", "đăng nhập")
    assert (found["event.category"], found["event.code"]) == (["authentication"], "4625")
    assert (found["source.ip"], found["source.port"], found["user.name"]) == ("203.0.113.9", 50022, "lan")
    assert (found["tags"], found["labels.site"]) == (["a", "b"], "hải phòng")
    assert (found["labels.custom.depth"], found["labels.custom.list"]) == ("3", ["1", "2"])
    assert "labels.custom.nothing" not in found


def test_no_json_is_a_fault() -> None:
    assert fields("ecs.document", "[1]")["event.kind"] == "pipeline_error"
    assert fields("ecs.document", "text")["event.kind"] == "pipeline_error"


def test_a_name_that_is_none_costs_only_its_value() -> None:
    found = placed([("", 1), ("a\0b", 2), ("x" * 300, 3), ("fine", 4)])
    assert found == {"labels.fine": "4"}


@given(st.dictionaries(st.text(), _json, max_size=6))
def test_no_document_breaks_the_parser(document: dict[str, object]) -> None:
    raw = json.dumps(document)
    found = fields("ecs.document", raw)
    assert found["event.original"] == raw


@given(st.lists(st.tuples(st.text(), st.none() | st.booleans() | st.integers() | st.text()), max_size=30))
def test_no_name_can_say_what_only_sentinel_says(pairs: list[tuple[str, object]]) -> None:
    try:
        found = placed([*pairs, ("agent.id", "forged"), ("organization.id", "forged"), ("event.original", "forged")])
    except InputError:
        return
    assert not {"agent.id", "organization.id", "event.original", "event.agent_id_status"} & set(found)
