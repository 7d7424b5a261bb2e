"""egov.*: no line breaks a parser, whatever a vendor or an attacker writes."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.model.ecs import LISTS, TYPES
from tests.normalise.egov.services import BY_SERVICE, SCHEMAS, example
from tests.normalise.lines import fields

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=40),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=8,
)
SERVICES = [schema.service for schema in SCHEMAS]
PYTHON = {"keyword": str, "text": str, "ip": str, "date": str, "long": int, "float": float, "boolean": bool}


@given(st.sampled_from(SERVICES), st.text(max_size=200))
def test_no_text_breaks_a_parser(service: str, raw: str) -> None:
    fields(f"egov.{service}", raw)


@given(st.data())
def test_whatever_stands_in_a_line_the_record_has_the_types_it_promises(data: st.DataObject) -> None:
    service = data.draw(st.sampled_from(SERVICES))
    names = [entry.name for entry in BY_SERVICE[service].entries] + [
        "time",
        "action",
        "outcome",
        "version",
        "body",
        "x",
    ]
    changes = data.draw(st.dictionaries(st.sampled_from(names), JSON, max_size=4))
    found = fields(f"egov.{service}", json.dumps({**example(service), **changes}))
    for name, value in found.items():
        kind = PYTHON[TYPES[name]]
        assert isinstance(value, list) == (name in LISTS), name
        for item in value if isinstance(value, list) else [value]:
            assert type(item) is kind, name


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    "raw",
    [
        "",
        "null",
        "[]",
        "{}",
        "[" * 5_000,
        '{"a":' * 900 + "1" + "}" * 900,
        '{"action": "login", "action": "view"}',
        '{"time": "9999-12-31T23:59:59Z", "title": "\\ud800", "user": "\\u0000"}',
        '{"value": 1' + "0" * 5_000 + "}",
        '{"body": ' + '{"a":' * 900 + "1" + "}" * 901,
    ],
)
def test_broken_and_hostile_lines_are_set_aside(service: str, raw: str) -> None:
    found = fields(f"egov.{service}", raw)
    assert found["event.kind"] == "pipeline_error"
    assert found["error.message"]
    assert len(str(found["error.message"])) < 1_000


def test_deep_lines_of_secret_documents_lose_what_is_nested() -> None:
    body = json.dumps({**example("edoc"), "secrecy": "mật", "title": "kín"})[:-1]
    found = fields("egov.edoc", body + ', "x": ' + '{"a":' * 200 + '"lộ"' + "}" * 201)
    assert found["event.kind"] == "event"
    assert "lộ" not in str(found["event.original"])
