"""The promises every record keeps, whatever the line."""

from datetime import UTC, datetime

import orjson
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.event import MAX_RAW_CHARACTERS, decode, encode
from sentinel.model.ecs import LISTS, OPEN, type_of
from sentinel.model.moment import from_text
from sentinel.model.record import nest
from sentinel.normalise import normalise
from sentinel.normalise.parsers import PARSERS
from tests.normalise.lines import RECEIVED_AT, SEEN_AT, fields, line

DATASETS = [name.replace("*", "evtx") for name in PARSERS]
PYTHON_TYPES: dict[str, tuple[type, ...]] = {"long": (int,), "boolean": (bool,), "float": (float, int)}
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


def check(raw: str, dataset: str) -> None:
    record = normalise(line(dataset, raw), agency="a", received_at=RECEIVED_AT)
    orjson.dumps(nest(record.fields))
    assert record.fields["event.kind"] in ("event", "state", "pipeline_error")
    for name, value in record.fields.items():
        kind = type_of(name)
        assert kind is not None, f"{name} is not listed in model/ecs.py"
        if not name.startswith(OPEN):
            assert isinstance(value, list) == (name in LISTS), name
        for item in value if isinstance(value, list) else [value]:
            assert type(item) in PYTHON_TYPES.get(kind, (str,)), name
            if kind == "date":
                assert len(str(item)) == 27
                assert from_text(str(item)).year >= 1970


@pytest.mark.parametrize("dataset", DATASETS)
@given(raw=st.text())
def test_no_text_breaks_any_parser(dataset: str, raw: str) -> None:
    check(raw, dataset)


@pytest.mark.parametrize("dataset", DATASETS)
@given(value=JSON)
def test_no_json_breaks_any_parser(dataset: str, value: object) -> None:
    import json

    check(json.dumps(value), dataset)


def test_always_says_who_when_and_what() -> None:
    found = fields("linux.auth", "Nov 23 02:00:00 portal01 sshd[1]: hello", log__file__path="/var/log/auth.log")
    assert found["@timestamp"] == "2026-11-23T02:00:00.000000Z"
    assert found["event.created"] == "2026-11-23T03:00:00.000000Z"
    assert found["event.ingested"] == RECEIVED_AT
    assert found["event.dataset"] == "linux.auth"
    assert found["event.original"] == "Nov 23 02:00:00 portal01 sshd[1]: hello"
    assert found["event.sequence"] == 7
    assert (found["agent.id"], found["organization.id"]) == ("c1", "commune-0117")
    assert found["event.agent_id_status"] == "verified"
    assert (found["host.name"], found["log.file.path"]) == ("portal01", "/var/log/auth.log")


def test_the_same_event_has_the_same_id_and_another_one_has_another() -> None:
    event = line("linux.auth", "x")
    first = normalise(event, agency="a", received_at=None)
    again = normalise(event, agency="b", received_at=RECEIVED_AT)
    assert first.id == again.id
    assert len(first.id) == 40
    later = decode(encode(event), collector="c1", epoch="e1", sequence=8)
    assert normalise(later, agency="a", received_at=None).id != first.id


def test_a_file_read_without_a_collector_claims_no_sender() -> None:
    record = normalise(line("linux.auth", "x"), agency=None, received_at=None)
    assert not {"agent.id", "organization.id", "event.agent_id_status", "event.ingested"} & record.fields.keys()


@pytest.mark.parametrize(
    ("dataset", "raw", "reason"),
    [
        ("linux.auth", "no header at all", "no syslog header"),
        ("nginx.access", "GET / HTTP/1.1", "combined log format"),
        ("windows.evtx", "{", "not JSON"),
        ("windows.evtx", "{}", "not a Windows event"),
        ("network.flow", '{"source.ip":"nowhere"}', "source.ip: expected ip"),
        ("linux.authh", "x", "there is no parser for dataset 'linux.authh'"),
    ],
)
def test_a_line_that_is_rejected_is_kept_and_says_why(dataset: str, raw: str, reason: str) -> None:
    found = fields(dataset, raw)
    assert found["event.kind"] == "pipeline_error"
    assert reason in str(found["error.message"])
    assert found["event.original"] == found["message"] == raw
    assert found["organization.id"] == "commune-0117"


def test_a_line_that_could_not_be_decoded_is_kept_with_the_fault() -> None:
    record = normalise(line("linux.auth", "\x00{"), agency="a", received_at=RECEIVED_AT, fault="event 7: not JSON")
    assert record.fields["event.kind"] == "pipeline_error"
    assert record.fields["error.message"] == "event 7: not JSON"


def test_bytes_that_are_no_text_are_written_out() -> None:
    raw = b"Nov 23 02:00:00 h sshd[1]: caf\xe9".decode("utf-8", "surrogateescape")
    assert fields("linux.auth", raw)["message"] == "caf\\xe9"


def test_a_line_that_is_too_long_is_cut_and_rejected() -> None:
    found = fields("linux.auth", "x" * (MAX_RAW_CHARACTERS + 1))
    assert found["event.kind"] == "pipeline_error"
    assert len(str(found["event.original"])) == MAX_RAW_CHARACTERS


def test_a_collector_with_an_absurd_clock_loses_nothing() -> None:
    event = line("linux.process", '{"process.pid":1,"event.type":["start"]}', seen_at=datetime(9998, 1, 1, tzinfo=UTC))
    record = normalise(event, agency="a", received_at=RECEIVED_AT)
    assert record.fields["event.kind"] == "pipeline_error"
    assert record.at == RECEIVED_AT


def test_a_hint_of_the_wrong_type_or_an_unknown_one_is_left_out() -> None:
    found = fields(
        "linux.auth", "x", log__offset="12", log__file__path="/a", organization__id="other", event__kind="alert"
    )
    assert "log.offset" not in found
    assert found["log.file.path"] == "/a"
    assert found["organization.id"] == "commune-0117"
    assert found["event.kind"] == "pipeline_error"


def test_related_gathers_what_a_search_asks_for() -> None:
    raw = "Nov 23 02:00:00 portal01 sshd[1]: Failed password for canbo1 from 10.77.14.66 port 4 ssh2"
    found = fields("linux.auth", raw)
    assert found["related.ip"] == ["10.77.14.66"]
    assert found["related.user"] == ["canbo1"]
    assert found["related.hosts"] == ["portal01"]
    assert SEEN_AT.year == 2026
