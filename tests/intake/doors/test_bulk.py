"""The door `bulk` reads what the bulk API has, answers for each item, and keeps documents byte by byte."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.errors import InputError, SentinelError, UnavailableError
from sentinel.event import MAX_RAW_CHARACTERS
from sentinel.intake.door import MAX_ITEMS, Asked, TooManyError
from sentinel.intake.doors.bulk import DOOR
from tests.intake.doors.examples import answer, ask, bulk, record

CREATE: dict[str, object] = {"create": {"_index": "logs-nginx.access-default"}}
LINE = '203.0.113.9 - - [23/Nov/2026:15:04:05 +0700] "GET /a HTTP/1.1" 200 12 "-" "curl/8"'


def test_documents_are_kept_byte_by_byte_and_answered_one_by_one() -> None:
    first = b'{"message":"m\\u1ed9t",  "@timestamp":"2026-11-23T08:00:00Z"}'
    body = bulk({"index": {"_id": "a1"}}) + first + b"\n" + bulk({"create": {}}, {"message": "hai"})
    reading = ask(DOOR, body, "/my-index/_bulk")
    assert [line.raw.encode() for line in reading.lines] == [first, b'{"message": "hai"}']
    assert [line.given_id for line in reading.lines] == ["a1", ""]
    found = answer(reading)
    assert found["errors"] is False
    assert [(kind, item["status"], item["_index"]) for each in found["items"] for kind, item in each.items()] == [
        ("index", 201, "my-index"),
        ("create", 201, "my-index"),
    ]


def test_only_new_documents_are_taken_and_the_rest_goes_on() -> None:
    body = bulk(
        {"delete": {"_id": "1"}},
        {"update": {"_id": "1"}},
        {"doc": {"a": 1}},
        CREATE,
        {"message": LINE},
        CREATE,
        [1, 2],
        CREATE,
        {"event": {"dataset": "sentinel.audit"}},
    )
    reading = ask(DOOR, body)
    assert len(reading.lines) == 1
    found = answer(reading)
    assert found["errors"] is True
    assert [item["status"] for each in found["items"] for item in each.values()] == [403, 403, 201, 400, 403]
    assert {reason: number for reason, (number, _) in reading.faults.items()} == {"refused_item": 3, "bad_item": 1}


@pytest.mark.parametrize(
    ("source", "words"),
    [
        (b'{"message": "\xff"}', "not UTF-8"),
        ('{"message": "x"}'.encode("utf-16-le").replace(b"\n", b" "), "not JSON"),
        (b"{broken", "not JSON"),
        (b'{"message": "' + b"x" * MAX_RAW_CHARACTERS + b'"}', "more than"),
        (b"[" * 100_000, "not JSON"),
    ],
)
def test_a_document_that_is_none_is_said_with_its_reason(source: bytes, words: str) -> None:
    reading = ask(DOOR, bulk(CREATE) + source + b"\n" + bulk(CREATE, {"message": LINE}))
    (bad, good) = answer(reading)["items"]
    assert bad["create"]["status"] == 400
    assert words in bad["create"]["error"]["reason"]
    assert good["create"]["status"] == 201
    assert len(reading.lines) == 1


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", "body is required"),
        (b"\n\n", "body is required"),
        (b'{"message": "no action"}\n', "found \\[message\\]|Malformed"),
        (b"not json\n", r"line \[1\]"),
        (bulk(CREATE, {"m": 1}) + b'{"create": 5}\n', r"line \[3\]"),
        (bulk({"create": {"_id": "x" * 600}}, {}), "longer than"),
        (bulk({"create": {"_index": ["a"]}}, {}), "short strings"),
        ('{"create": {}}\n{}\n'.encode("utf-16"), r"line \[1\]"),
    ],
)
def test_a_request_that_is_no_bulk_is_refused_whole_with_its_line(body: bytes, words: str) -> None:
    with pytest.raises(InputError, match=words):
        ask(DOOR, body)


def test_too_many_items_are_refused_before_they_are_taken_apart() -> None:
    with pytest.raises(TooManyError):
        ask(DOOR, b"\n" * (2 * MAX_ITEMS + 1))


def test_a_cut_request_says_which_document_is_missing() -> None:
    reading = ask(DOOR, bulk(CREATE, {"message": LINE}, CREATE))
    assert [item["status"] for each in answer(reading)["items"] for item in each.values()] == [201, 400]


def test_errors_have_the_form_that_clients_read() -> None:
    reply = DOOR.refuse(Asked(path="/_bulk"), UnavailableError("the journal is full"))
    found = json.loads(reply.body)
    assert (reply.status, found["status"]) == (503, 503)
    assert found["error"]["root_cause"] == [{"type": "unavailable_shards_exception", "reason": "the journal is full"}]


def test_a_line_in_a_document_of_filebeat_is_read_by_its_own_parser() -> None:
    document = {
        "@timestamp": "2026-11-23T08:04:06.000Z",
        "message": LINE,
        "event": {"dataset": "nginx.access", "module": "nginx"},
        "log": {"file": {"path": "/var/log/nginx/access.log"}, "offset": 42},
        "host": {"name": "web01", "ip": ["10.0.0.5"]},
        "agent": {"id": "forged", "type": "filebeat"},
        "organization": {"id": "forged"},
        "fields": {"site": "đà nẵng"},
    }
    (line,) = ask(DOOR, bulk(CREATE, document)).lines
    found = record(line)
    assert found["event.kind"] == "event"
    assert (found["source.ip"], found["http.response.status_code"]) == ("203.0.113.9", 200)
    assert (found["event.dataset"], found["message"]) == ("nginx.access", LINE)
    assert (found["host.name"], found["log.file.path"], found["log.offset"]) == (
        "web01",
        "/var/log/nginx/access.log",
        42,
    )
    assert (found["labels.fields.site"], found["labels.agent.type"]) == ("đà nẵng", "filebeat")
    assert (found["agent.id"], found["organization.id"], found["event.agent_id_status"]) == (
        "s-1",
        "dept-a",
        "verified",
    )
    assert found["event.original"] == json.dumps(document)
    # The line has a time of its own, which is when it happened.
    assert found["@timestamp"] == "2026-11-23T08:04:05.000000Z"
    assert found["event.created"] == "2026-11-23T08:00:00.000000Z"


def test_a_document_of_winlogbeat_is_a_windows_event() -> None:
    document = {
        "@timestamp": "2026-11-23T08:04:06.000Z",
        "message": "An account was logged on.",
        "winlog": {
            "channel": "Security",
            "event_id": "4624",
            "provider_name": "Microsoft-Windows-Security-Auditing",
            "computer_name": "pc17.city.example",
            "event_data": {"TargetUserName": "lan", "LogonType": "10", "IpAddress": "203.0.113.9"},
        },
        "event": {"code": "4624", "provider": "Microsoft-Windows-Security-Auditing"},
    }
    found = record(ask(DOOR, bulk({"create": {"_index": "winlogbeat-8"}}, document)).lines[0])
    assert found["event.kind"] == "event"
    assert (found["event.dataset"], found["event.code"], found["user.name"]) == ("windows.security", "4624", "lan")
    assert found["winlog.event_data.IpAddress"] == "203.0.113.9"


def test_what_a_document_says_of_itself_cannot_be_believed() -> None:
    document = {
        "message": "x",
        "event": {"agent_id_status": "verified", "id": "forged", "kind": "alert", "ingested": "2000-01-01T00:00:00Z"},
        "sentinel": {"own": {"object": "forged"}},
        "event.sequence": 99,
        "related.user": ["forged"],
    }
    found = record(ask(DOOR, bulk(CREATE, document)).lines[0])
    assert "forged" not in str({name: value for name, value in found.items() if name != "event.original"})
    assert (found["event.kind"], found["event.sequence"]) == ("event", 7)
    assert found["event.ingested"] == "2026-11-23T08:00:00.000000Z"


def test_a_document_that_its_parser_does_not_read_keeps_its_own_fields() -> None:
    document = {"source": {"ip": "203.0.113.9"}, "http": {"response": {"status_code": 500}}}
    found = record(ask(DOOR, bulk(CREATE, document)).lines[0])
    assert (found["event.dataset"], found["source.ip"], found["event.kind"]) == ("nginx.access", "203.0.113.9", "event")
    assert "combined log format" in str(found["error.message"])


def test_a_document_that_its_parser_reads_whole_is_what_the_parser_says() -> None:
    document = {"auditID": "a", "verb": "get", "stage": "ResponseComplete", "user": {"username": "lan"}}
    found = record(ask(DOOR, bulk({"create": {"_index": "logs-kubernetes.audit-city"}}, document)).lines[0])
    assert (found["event.action"], found["user.name"]) == ("get", "lan")
    assert not [name for name in found if name.startswith("labels.")]


def test_a_value_of_another_type_is_kept_as_a_label() -> None:
    document = {"message": "x", "source": {"ip": "no address", "port": "https"}, "process": {"pid": 12}, "user": "lan"}
    found = record(ask(DOOR, bulk(CREATE, document)).lines[0])
    assert (found["labels.source.ip"], found["labels.source.port"]) == ("no address", "https")
    assert (found["process.pid"], found["labels.user"]) == (12, "lan")
    assert "source.ip" not in found


@pytest.mark.parametrize(
    ("document", "words"),
    [
        ({f"f{number}": number for number in range(10_000)}, "more than 1024 fields"),
        (json.loads('{"a":' * 60 + "1" + "}" * 60), "nested more than"),
    ],
)
def test_a_document_without_bounds_is_kept_as_a_fault(document: object, words: str) -> None:
    (line,) = ask(DOOR, bulk(CREATE, document)).lines
    found = record(line)
    assert found["event.kind"] == "pipeline_error"
    assert words in str(found["error.message"])
    assert found["event.original"] == json.dumps(document)


def test_a_year_off_is_kept_and_the_time_of_receipt_beside_it() -> None:
    document = {"message": "x", "@timestamp": "2027-11-23T08:00:00Z"}
    found = record(ask(DOOR, bulk(CREATE, document)).lines[0])
    assert found["@timestamp"] == "2027-11-23T08:00:00.000000Z"
    assert found["event.created"] == "2026-11-23T08:00:00.000000Z"


def test_nul_is_kept() -> None:
    found = record(ask(DOOR, bulk(CREATE, {"message": "a\0b"})).lines[0])
    assert found["message"] == "a\0b"


@given(st.binary(max_size=300) | st.lists(st.binary(max_size=60), max_size=8).map(b"\n".join))
def test_no_body_breaks_the_door(body: bytes) -> None:
    try:
        reading = ask(DOOR, body)
    except SentinelError:
        return
    items = answer(reading)["items"]
    assert len(reading.lines) == sum(item["status"] == 201 for each in items for item in each.values())


_json = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=12,
)
_names = st.sampled_from(["message", "event", "host", "winlog", "@timestamp", "source", "log", "dataset", "original"])


@given(st.dictionaries(_names | st.text(), _json | st.dictionaries(_names, _json, max_size=3), max_size=5))
def test_no_document_is_lost(document: dict[str, object]) -> None:
    reading = ask(DOOR, bulk(CREATE, document))
    for line in reading.lines:
        found = record(line)
        assert found["event.original"] == json.dumps(document)
        assert found["organization.id"] == "dept-a"
    assert len(reading.lines) + sum(number for number, _ in reading.faults.values()) == 1
