"""windows.*: one event, four layouts, one record."""

import json

import pytest

from sentinel.model.record import Fields
from tests.normalise.lines import fields

SYSMON = "Microsoft-Windows-Sysmon/Operational"
DATA = {
    "UtcTime": "2026-11-23 01:00:00.123",
    "Image": "C:\\Windows\\System32\\cmd.exe",
    "ProcessId": 4460,
    "CommandLine": "cmd /c whoami",
    "User": "SO-TC\\lan.nt",
    "Hashes": "MD5=AB,SHA256=CD,IMPHASH=EF",
    "ParentImage": "C:\\inetpub\\w3wp.exe",
}
EVTX = {
    "Event": {
        "#attributes": {"xmlns": "http://schemas.microsoft.com/win/2004/08/events/event"},
        "System": {
            "Provider": {"#attributes": {"Name": "Microsoft-Windows-Sysmon"}},
            "EventID": {"#attributes": {"Qualifiers": "0"}, "#text": "1"},
            "TimeCreated": {"#attributes": {"SystemTime": "2026-11-23T01:00:00.1234567Z"}},
            "EventRecordID": 12,
            "Channel": SYSMON,
            "Computer": "PC01.so-tc.example",
            "Security": None,
        },
        "EventData": DATA,
    }
}
WINLOGBEAT = {
    "@timestamp": "2026-11-23T01:00:00.123456Z",
    "winlog": {
        "channel": SYSMON,
        "event_id": "1",
        "provider_name": "Microsoft-Windows-Sysmon",
        "computer_name": "PC01.so-tc.example",
        "record_id": "12",
        "event_data": {**DATA, "ProcessId": "4460"},
    },
}
OLD_WINLOGBEAT = {
    "@timestamp": "2026-11-23T01:00:00.123456Z",
    "log_name": SYSMON,
    "event_id": 1,
    "source_name": "Microsoft-Windows-Sysmon",
    "computer_name": "PC01.so-tc.example",
    "record_number": "12",
    "event_data": {**DATA, "ProcessId": "4460"},
}
FLAT = {
    "@timestamp": "2026-11-23T01:00:00.123456Z",
    "Channel": SYSMON,
    "EventID": 1,
    "SourceName": "Microsoft-Windows-Sysmon",
    "Hostname": "PC01.so-tc.example",
    "RecordNumber": 12,
    "SourceModuleName": "eventlog",
    "Keywords": -9223372036854775808,
    **DATA,
}
ALL = pytest.mark.parametrize("body", [EVTX, WINLOGBEAT, OLD_WINLOGBEAT, FLAT], ids=["evtx", "beat", "old", "flat"])


def read(body: object) -> Fields:
    return fields("windows.evtx", json.dumps(body))


@ALL
def test_every_layout_arrives_at_one_form(body: object) -> None:
    found = read(body)
    assert found["@timestamp"] == "2026-11-23T01:00:00.123456Z"
    assert found["event.dataset"] == "windows.sysmon"
    assert (found["winlog.channel"], found["winlog.event_id"], found["event.code"]) == (SYSMON, 1, "1")
    assert (found["winlog.provider_name"], found["winlog.record_id"]) == ("Microsoft-Windows-Sysmon", 12)
    assert found["winlog.computer_name"] == found["host.name"] == "PC01.so-tc.example"
    data = {name.removeprefix("winlog.event_data."): v for name, v in found.items() if ".event_data." in name}
    assert data == {**DATA, "ProcessId": "4460"}


@ALL
def test_what_ecs_has_a_place_for_is_put_there(body: object) -> None:
    found = read(body)
    assert found["event.action"] == "process_created"
    assert (found["process.pid"], found["process.name"]) == (4460, "cmd.exe")
    assert found["process.parent.executable"] == "C:\\inetpub\\w3wp.exe"
    assert (found["user.name"], found["user.domain"]) == ("lan.nt", "SO-TC")
    assert (found["process.hash.sha256"], found["process.pe.imphash"]) == ("cd", "ef")
    assert found["related.hash"] == ["ab", "cd", "ef"]


def security(event_id: int, **data: object) -> Fields:
    system = {"EventID": event_id, "Channel": "Security", "Computer": "DC01"}
    return read({"Event": {"System": system, "EventData": data}})


def test_a_log_on_names_who_came_and_from_where() -> None:
    found = security(4625, TargetUserName="lan.nt", IpAddress="::ffff:10.0.0.9", IpPort="-", SubjectUserName="DC01$")
    assert (found["user.name"], found["source.ip"]) == ("lan.nt", "10.0.0.9")
    assert (found["event.action"], found["event.outcome"]) == ("logon_failed", "failure")
    assert "source.port" not in found


def test_process_numbers_are_hexadecimal_in_the_security_log() -> None:
    found = security(4688, NewProcessName="C:\\a\\b.exe", NewProcessId="0x1f4", ProcessId="0x10", CommandLine="")
    assert (found["process.pid"], found["process.parent.pid"], found["process.name"]) == (500, 16, "b.exe")
    assert "process.command_line" not in found
    assert found["winlog.event_data.CommandLine"] == ""


def test_a_member_of_a_group_is_the_target() -> None:
    found = security(4732, TargetUserName="Administrators", MemberSid="S-1-5-21-1", SubjectUserName="quantri")
    assert (found["group.name"], found["user.target.id"], found["user.name"]) == (
        "Administrators",
        "S-1-5-21-1",
        "quantri",
    )


def test_names_lose_their_blanks_and_user_data_its_wrapping() -> None:
    system = {"EventID": 1116, "Channel": "x", "Computer": "p"}
    found = read({"Event": {"System": system, "EventData": {"Threat Name": "EICAR", "Data": {"#text": ["a", "b"]}}}})
    assert found["winlog.event_data.ThreatName"] == "EICAR"
    assert found["winlog.event_data.Data"] == ["a", "b"]
    wrapped = {"LogFileCleared": {"#attributes": {"xmlns": "y"}, "SubjectUserName": "admin01"}}
    found = read({"Event": {"System": system, "UserData": wrapped}})
    assert found["winlog.event_data.SubjectUserName"] == "admin01"


def test_null_is_absent_and_empty_is_kept() -> None:
    found = security(4624, A=None, B="", C=True, D=2**70)
    assert "winlog.event_data.A" not in found
    assert found["winlog.event_data.B"] == ""
    assert (found["winlog.event_data.C"], found["winlog.event_data.D"]) == ("true", str(float(2**70)))


def test_half_a_surrogate_pair_is_written_out() -> None:
    raw = json.dumps(FLAT).replace("whoami", "\\ud83d")
    assert fields("windows.evtx", raw)["process.command_line"] == "cmd /c \\ud83d"


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ({"Event": {"System": {"Channel": "Security"}}}, "no event id"),
        ({"Event": {}}, "no 'System'"),
        ({"EventID": 1, "x": [[[[[[]]]]]] * 2}, ""),
        ({"EventID": 1, **{f"n{i}": "v" for i in range(600)}}, "more than 512"),
        ({"EventID": 1, "a\nb": "v"}, "not a field name"),
    ],
)
def test_what_is_wrong_is_named(body: object, reason: str) -> None:
    found = read(body)
    if reason:
        assert reason in str(found["error.message"])


def test_nesting_has_an_end() -> None:
    raw = '{"EventID":1,"a":' + '{"a":' * 200 + "1" + "}" * 201
    assert "nested more than" in str(fields("windows.evtx", raw)["error.message"])
