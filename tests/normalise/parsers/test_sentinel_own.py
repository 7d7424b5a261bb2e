"""sentinel.audit and its siblings: what Sentinel writes about itself."""

import json
import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.model.record import Fields
from sentinel.normalise.parsers import PARSERS, sentinel_own
from tests.normalise.lines import fields

EVENT = {
    "version": 1,
    "time": "2026-11-23T02:41:07.120Z",
    "action": "rule.disabled",
    "outcome": "success",
    "user": "an.tv",
    "agency": "city",
    "source_ip": "10.77.1.20",
    "object": "b90ce3cb-673d-4ac7-91eb-d583630d47fc",
    "object_kind": "rule",
    "from": "enabled",
    "to": "disabled",
    "reason": "quá nhiều cảnh báo",
    "value": 3,
    "details": {"anything": ["more"]},
}
OWN = ["sentinel.audit", "sentinel.collector", "sentinel.detection", "sentinel.playbook", "sentinel.health"]


def read(dataset: str = "sentinel.detection", /, **changes: object) -> Fields:
    return fields(dataset, json.dumps({**EVENT, **changes}))


def test_an_event() -> None:
    found = read()
    assert found["@timestamp"] == "2026-11-23T02:41:07.120000Z"
    assert (found["event.action"], found["event.outcome"]) == ("rule.disabled", "success")
    assert (found["user.name"], found["source.ip"]) == ("an.tv", "10.77.1.20")
    assert (found["sentinel.own.from"], found["sentinel.own.to"]) == ("enabled", "disabled")
    assert found["sentinel.own.value"] == 3.0
    assert found["organization.id"] == "commune-0117"  # that of the journal, never that of the line
    assert not [name for name in found if "details" in name]


def test_what_was_done_to_an_account_names_the_account() -> None:
    found = read("sentinel.audit", action="user.role_changed", object="binh.lt", object_kind="user")
    assert found["user.target.name"] == "binh.lt"
    assert found["event.category"] == ["iam"]
    assert read("sentinel.audit", action="sign_in.refused")["event.category"] == ["authentication"]
    assert "user.target.name" not in read()


def test_vietnamese_arrives_composed() -> None:
    assert read(reason="qua\u0301")["event.reason"] == "qu\u00e1"


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"version": 2}, "version"),
        ({"time": None}, "time is missing"),
        ({"time": "hôm qua"}, "time"),
        ({"action": "Rule Disabled"}, "action"),
        ({"action": "a" * 65}, "action"),
        ({"action": "a.b.c.d"}, "action"),
        ({"agency": ""}, "agency"),
        ({"outcome": "perhaps"}, "outcome"),
        ({"outcome": ["success"]}, "outcome"),
        ({"source_ip": "here"}, "source_ip"),
        ({"value": "3"}, "value"),
        ({"value": True}, "value"),
        ({"reason": "x" * 2_001}, "reason"),
        ({"object": {"id": 1}}, "object"),
    ],
)
def test_what_breaks_the_schema_is_named(changes: dict[str, object], says: str) -> None:
    found = read(**changes)
    assert found["event.kind"] == "pipeline_error"
    assert says in str(found["error.message"])


@pytest.mark.parametrize("dataset", OWN)
def test_every_own_dataset_is_read(dataset: str) -> None:
    assert PARSERS[dataset] is sentinel_own.parse
    assert read(dataset)["event.kind"] == "event"


def test_the_page_documents_every_name(root: Path) -> None:
    page = (root / "docs" / "reference" / "sentinel-events.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \|.*\| `([\w.@]+)` \|$", page, re.MULTILINE))
    assert {name: rows.get(name) for name in sentinel_own.NAMES} == sentinel_own.NAMES
    assert all(f"`{dataset}`" in page for dataset in OWN)


@given(
    st.recursive(
        st.none() | st.booleans() | st.floats() | st.text(), lambda x: st.lists(x) | st.dictionaries(st.text(), x)
    )
)
def test_no_line_breaks_the_parser(value: object) -> None:
    fields("sentinel.audit", json.dumps(value))


@given(
    st.dictionaries(st.sampled_from(sorted(sentinel_own.NAMES)), st.none() | st.booleans() | st.integers() | st.text())
)
def test_no_value_breaks_the_parser(changes: dict[str, object]) -> None:
    read(**changes)
