"""The door `otlp` reads both encodings alike, and tells which records it could not keep."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.proto.collector.logs.v1.logs_service_pb2 import (
    ExportLogsServiceRequest,
    ExportLogsServiceResponse,
)

from sentinel.errors import InputError, SentinelError
from sentinel.intake.door import Asked, Reading
from sentinel.intake.doors.otlp import DOOR, UnsupportedMediaError
from tests.intake.doors.examples import ask, record

PROTOBUF, JSON = {"content-type": "application/x-protobuf"}, {"content-type": "application/json; charset=utf-8"}


def text(value: str) -> dict[str, object]:
    return {"stringValue": value}


REQUEST: dict[str, Any] = {
    "resourceLogs": [
        {
            "resource": {
                "attributes": [
                    {"key": "service.name", "value": text("portal")},
                    {"key": "host.name", "value": text("web01")},
                    {"key": "organization.id", "value": text("forged")},
                ]
            },
            "scopeLogs": [
                {
                    "scope": {"name": "vn.portal.login", "version": "1"},
                    "logRecords": [
                        {
                            "timeUnixNano": "1795420800250000000",
                            "severityNumber": 13,
                            "severityText": "WARN",
                            "body": text("đăng nhập hỏng"),
                            "attributes": [
                                {"key": "client.address", "value": text("203.0.113.9")},
                                {"key": "http.response.status_code", "value": {"intValue": "401"}},
                                {"key": "tries", "value": {"arrayValue": {"values": [{"intValue": "1"}, {}]}}},
                            ],
                            "traceId": "5b8aa5a2d2c872e8321cf37308d69df2",
                            "spanId": "051581bf3cb55c13",
                        },
                        {"body": {"kvlistValue": {"values": [{"key": "a", "value": {"doubleValue": "NaN"}}]}}},
                    ],
                }
            ],
        }
    ]
}


def message(request: dict[str, Any] = REQUEST) -> ExportLogsServiceRequest:
    """Return the request as protobuf has it; its ids are bytes."""
    made = ExportLogsServiceRequest()
    for each in request["resourceLogs"]:
        resource = made.resource_logs.add()
        for pair in each["resource"]["attributes"]:
            resource.resource.attributes.add(key=pair["key"]).value.string_value = pair["value"]["stringValue"]
        scope = resource.scope_logs.add()
        scope.scope.name, scope.scope.version = "vn.portal.login", "1"
        first = scope.log_records.add(
            time_unix_nano=1795420800250000000,
            severity_number=13,
            severity_text="WARN",
            trace_id=bytes.fromhex("5b8aa5a2d2c872e8321cf37308d69df2"),
            span_id=bytes.fromhex("051581bf3cb55c13"),
        )
        first.body.string_value = "đăng nhập hỏng"
        first.attributes.add(key="client.address").value.string_value = "203.0.113.9"
        first.attributes.add(key="http.response.status_code").value.int_value = 401
        tries = first.attributes.add(key="tries").value.array_value
        tries.values.add().int_value = 1
        tries.values.add()
        second = scope.log_records.add()
        second.body.kvlist_value.values.add(key="a").value.double_value = float("nan")
    return made


def read(body: bytes, headers: dict[str, str]) -> Reading:
    return ask(DOOR, body, "/v1/logs", headers=headers)


def test_both_encodings_say_the_same() -> None:
    one = read(message().SerializeToString(), PROTOBUF)
    other = read(json.dumps(REQUEST).encode(), JSON)
    assert one.lines == other.lines
    assert len(one.lines) == 2
    assert (one.reply.body, other.reply.body) == (b"", b"{}")


def test_a_record_has_its_body_attributes_resource_and_scope() -> None:
    first, second = (record(line) for line in read(json.dumps(REQUEST).encode(), JSON).lines)
    assert (first["message"], first["log.level"], first["host.name"]) == ("đăng nhập hỏng", "WARN", "web01")
    assert first["@timestamp"] == "2026-11-23T08:00:00.250000Z"
    assert (first["source.ip"], first["http.response.status_code"]) == ("203.0.113.9", 401)
    assert (first["service.name"], first["event.provider"]) == ("portal", "vn.portal.login")
    assert first["labels.trace.id"] == "5b8aa5a2d2c872e8321cf37308d69df2"
    assert (first["organization.id"], first["labels.tries"]) == ("dept-a", "1")
    assert second["labels.body.a"] == "nan"


def test_records_that_cannot_be_kept_are_told_and_the_others_are_kept() -> None:
    request = json.loads(json.dumps(REQUEST))
    records = request["resourceLogs"][0]["scopeLogs"][0]["logRecords"]
    records.append({"body": text("x"), "attributes": [{"key": "event.dataset", "value": text("sentinel.audit")}]})
    records.append({"body": text("x" * 1_000_001)})
    reading = read(json.dumps(request).encode(), JSON)
    assert len(reading.lines) == 2
    assert reading.faults["bad_item"][0] == 2
    assert json.loads(reading.reply.body)["partialSuccess"]["rejectedLogRecords"] == "2"
    made = message()
    made.resource_logs[0].scope_logs[0].log_records.add().body.string_value = "x" * 1_000_001
    response = ExportLogsServiceResponse()
    response.ParseFromString(read(made.SerializeToString(), PROTOBUF).reply.body)
    assert response.partial_success.rejected_log_records == 1
    assert "more than" in response.partial_success.error_message


def test_a_record_that_says_its_dataset_is_read_by_its_parser() -> None:
    line = "Nov 23 08:00:00 web01 sshd[811]: Accepted password for root from 203.0.113.9 port 50022 ssh2"
    attribute = {"key": "event.dataset", "value": text("linux.auth")}
    record_of_it = {"body": text(line), "attributes": [attribute]}
    request = {"resourceLogs": [{"scopeLogs": [{"logRecords": [record_of_it]}]}]}
    found = record(read(json.dumps(request).encode(), JSON).lines[0])
    assert (found["event.dataset"], found["user.name"], found["event.outcome"]) == ("linux.auth", "root", "success")


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"\xff\xff", PROTOBUF, 400),
        (b"{", JSON, 400),
        (b"[]", JSON, 400),
        (b'{"resourceLogs": 3}', JSON, 400),
        (b'{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":"zz"}]}]}]}', JSON, 400),
        (b"", {"content-type": "text/plain"}, 415),
    ],
)
def test_what_is_not_otlp_is_refused_in_its_own_kind(body: bytes, headers: dict[str, str], status: int) -> None:
    with pytest.raises(InputError) as caught:
        read(body, headers)
    assert caught.value.http_status == status
    reply = DOOR.refuse(Asked(path="/v1/logs", headers=headers), caught.value)
    assert reply.status == status
    if headers is JSON:
        assert json.loads(reply.body)["message"]
    else:
        # google.rpc.Status: field 2, a string.
        assert reply.body[:1] == b"\x12"


def test_another_kind_of_body_is_named() -> None:
    with pytest.raises(UnsupportedMediaError, match="text/plain"):
        read(b"", {"content-type": "text/plain"})


def test_deep_values_end_somewhere() -> None:
    made = ExportLogsServiceRequest()
    value = made.resource_logs.add().scope_logs.add().log_records.add().body
    for _ in range(40):
        value = value.array_value.values.add()
    reading = read(made.SerializeToString(), PROTOBUF)
    assert (len(reading.lines), reading.faults["bad_item"][0]) == (0, 1)


@pytest.mark.parametrize("depth", [90, 300, 5_000])
def test_json_that_is_too_deep_is_refused(depth: int) -> None:
    value = '{"arrayValue":{"values":[' * depth + "{}" + "]}}" * depth
    body = '{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"body":' + value + "}]}]}]}"
    with pytest.raises(InputError, match="not OTLP in JSON"):
        read(body.encode(), JSON)


@given(st.binary(max_size=200), st.sampled_from([PROTOBUF, JSON]))
def test_no_body_breaks_the_door(body: bytes, headers: dict[str, str]) -> None:
    try:
        for line in read(body, headers).lines:
            assert record(line)["organization.id"] == "dept-a"
    except SentinelError:
        pass
