"""The door `hec` reads events as Splunk does, answers with its codes, and keeps what was before a faulty one."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.errors import RefusedError, SentinelError, UnavailableError
from sentinel.intake.acks import MAX_CHANNELS, Acks
from sentinel.intake.door import MAX_ITEMS, Asked, TooManyError
from sentinel.intake.doors.hec import DOOR, HecError
from sentinel.intake.senders import UnknownSenderError
from tests.intake.doors.examples import RECEIVED, answer, ask, record

EVENT = "/services/collector/event"
RAW = "/services/collector/raw"


def test_objects_may_stand_one_after_the_other() -> None:
    reading = ask(DOOR, '{"event": "một"}{"event":"hai"}\n\r\n {"event": {"a": 1.50}} '.encode(), EVENT)
    assert [line.raw for line in reading.lines] == ["một", "hai", '{"a": 1.50}']
    assert answer(reading) == {"text": "Success", "code": 0}


def test_what_stands_beside_an_event_is_kept_with_it() -> None:
    envelope = {
        "time": 1795420800.25,
        "host": "mail01",
        "source": "/var/log/secure",
        "sourcetype": "linux_secure",
        "index": "main",
        "event": "Nov 23 08:00:00 mail01 sshd[811]: Accepted password for root from 203.0.113.9 port 50022 ssh2",
        "fields": {"site": "hải phòng", "racks": ["1", "2"]},
    }
    (line,) = ask(DOOR, json.dumps(envelope).encode(), EVENT).lines
    found = record(line)
    assert (found["event.dataset"], found["user.name"], found["host.name"]) == ("linux.auth", "root", "mail01")
    assert (found["log.file.path"], found["labels.index"]) == ("/var/log/secure", "main")
    assert (found["labels.site"], found["labels.racks"]) == ("hải phòng", "1, 2")
    assert found["event.original"] == envelope["event"]


def test_the_time_beside_an_event_is_its_time() -> None:
    body = b'{"time": "1795420800.250", "event": "x"}{"event": "y"}'
    first, second = (record(line) for line in ask(DOOR, body, EVENT).lines)
    assert first["@timestamp"] == "2026-11-23T08:00:00.250000Z"
    assert second["@timestamp"] == RECEIVED
    assert first["event.created"] == RECEIVED


def test_an_object_is_a_document() -> None:
    body = b'{"sourcetype": "_json", "event": {"message": "hi", "process": {"pid": 7}}}'
    (line,) = ask(DOOR, body, EVENT).lines
    found = record(line)
    assert (found["message"], found["process.pid"], found["event.dataset"]) == ("hi", 7, "app.json")
    assert found["event.original"] == '{"message": "hi", "process": {"pid": 7}}'


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (b"{broken", 6),
        (b'["event"]', 6),
        (b'{"time": 1}', 12),
        (b'{"event": null}', 12),
        (b'{"event": ""}', 13),
        (b'{"event": "x", "time": "soon"}', 15),
        (b'{"event": "x", "time": 1e300}', 15),
        (b'{"event": "x", "fields": {"a": {"b": 1}}}', 15),
        (b'{"event": "x", "fields": 3}', 15),
        (b'{"event": "x", "sourcetype": "sentinel.audit"}', 6),
        (b"[" * 100_000, 6),
        (b'{"event": "half of a pair: \\ud800"}', 6),
        (b'{"event": "' + "\U0001f600".encode() * 250_001 + b'"}', 6),
        (b'{"event": "x", "fields": {"a": "' + b"x" * 100_001 + b'"}}', 15),
    ],
)
def test_events_before_a_faulty_one_are_kept_and_its_number_is_told(fault: bytes, code: int) -> None:
    reading = ask(DOOR, b'{"event": "a"} {"event": "b"}' + fault, EVENT)
    assert [line.raw for line in reading.lines] == ["a", "b"]
    assert reading.reply.status == 400
    assert answer(reading)["code"] == code
    assert answer(reading)["invalid-event-number"] == 2
    assert reading.faults["bad_item"][0] == 1


@pytest.mark.parametrize(("body", "code"), [(b"", 5), (b" \n", 5), (b"\xff\xfe{", 6)])
def test_nothing_and_no_text_have_their_codes(body: bytes, code: int) -> None:
    with pytest.raises(HecError) as caught:
        ask(DOOR, body, EVENT)
    assert caught.value.code == code


def test_raw_lines_share_what_the_address_says() -> None:
    query = {"host": "fw1", "sourcetype": "cisco:asa", "source": "udp:514"}
    lines = ask(DOOR, b"one\r\ntwo\n\n", RAW, query=query).lines
    assert [(line.raw, line.host, line.dataset) for line in lines] == [
        ("one", "fw1", "cisco.ios"),
        ("two", "fw1", "cisco.ios"),
    ]
    with pytest.raises(TooManyError):
        ask(DOOR, b"x\n" * (MAX_ITEMS + 1), RAW)


@pytest.mark.parametrize(
    ("error", "more", "status", "code"),
    [
        (UnknownSenderError("no"), {}, 401, 2),
        (UnknownSenderError("no"), {"has_authorization": True}, 401, 3),
        (UnknownSenderError("no"), {"has_authorization": True, "has_token": True}, 403, 4),
        (UnavailableError("full"), {}, 503, 9),
        (HecError(10), {}, 400, 10),
        (RefusedError("no"), {"has_token": True}, 403, 4),
    ],
)
def test_refusals_are_in_splunks_words(error: SentinelError, more: dict[str, bool], status: int, code: int) -> None:
    reply = DOOR.refuse(Asked(path=EVENT, **more), error)  # type: ignore[arg-type]
    assert (reply.status, json.loads(reply.body)["code"]) == (status, code)


def test_an_id_is_true_once_given_and_unknown_before_and_elsewhere() -> None:
    acks = Acks()
    assert acks.known("s", "c", [0]) == {"0": False}
    assert [acks.give("s", "c"), acks.give("s", "c"), acks.give("s", "d")] == [0, 1, 0]
    assert acks.known("s", "c", [0, 1, 2, -1]) == {"0": True, "1": True, "2": False, "-1": False}
    assert acks.known("t", "c", [0]) == {"0": False}
    for number in range(MAX_CHANNELS):
        acks.give("s", f"other-{number}")
    assert acks.known("s", "c", [0]) == {"0": False}


@given(st.binary(max_size=200) | st.text(alphabet='{}[]":, eventim1\\u', max_size=120).map(str.encode))
def test_no_body_breaks_the_door(body: bytes) -> None:
    for path in (EVENT, RAW):
        try:
            for line in ask(DOOR, body, path).lines:
                assert record(line)["organization.id"] == "dept-a"
        except SentinelError:
            pass
