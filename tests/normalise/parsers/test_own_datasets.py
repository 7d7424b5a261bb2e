"""linux.process, linux.connection and network.*: known names with the right types, and nothing else."""

import json

import pytest

from sentinel.model.ecs import TYPES
from sentinel.model.record import Fields
from sentinel.normalise.parsers import linux_connection, linux_process, network_arp, network_dns, network_flow
from sentinel.normalise.parsers.network_dns import registered_domain
from tests.normalise.lines import fields

PROCESS = {
    "@timestamp": "2026-11-23T02:00:00+07:00",
    "event.type": ["start"],
    "process.pid": 810,
    "process.executable": "/srv/portal/uploads/cap-nhat",
    "process.args": ["./cap-nhat", "2"],
    "process.hash.sha256": "ab" * 32,
    "user.name": None,
}
FLOW = {
    "event.start": "2026-11-23T02:00:00.5Z",
    "source.ip": "10.77.14.66",
    "destination.ip": "2001:DB8:0::1",
    "destination.port": 445,
    "network.transport": "tcp",
    "sentinel.flow.state": "attempted",
}
DNS = {"dns.type": "query", "dns.question.name": "a.b.phuong-mau.gov.vn", "dns.resolved_ip": ["10.0.0.1"]}
ARP = {"event.action": "arp_conflict", "source.ip": "10.77.14.1", "sentinel.arp.sender_ip": "10.77.14.1"}


def read(dataset: str, body: dict[str, object], **changes: object) -> Fields:
    named = {name.replace("__", "."): value for name, value in changes.items()}
    return fields(dataset, json.dumps({**body, **named}))


@pytest.mark.parametrize("parser", [linux_process, linux_connection, network_flow, network_dns, network_arp])
def test_every_name_let_through_is_in_use(parser: object) -> None:
    assert set(getattr(parser, "NAMES")) <= TYPES.keys()  # noqa: B009 - a module has no declared NAMES


def test_a_process() -> None:
    found = read("linux.process", PROCESS)
    assert found["@timestamp"] == "2026-11-22T19:00:00.000000Z"
    assert (found["process.command_line"], found["process.args_count"]) == ("./cap-nhat 2", 2)
    assert found["event.category"] == ["process"]
    assert "user.name" not in found


def test_a_flow_happens_when_it_begins_and_addresses_are_shortened() -> None:
    found = read("network.flow", FLOW)
    assert found["@timestamp"] == found["event.start"] == "2026-11-23T02:00:00.500000Z"
    assert found["destination.ip"] == "2001:db8::1"


def test_dns_and_arp() -> None:
    found = read("network.dns", DNS)
    assert (found["dns.question.registered_domain"], found["network.protocol"]) == ("phuong-mau.gov.vn", "dns")
    assert found["related.ip"] == ["10.0.0.1"]
    assert read("network.arp", ARP)["network.type"] == "arp"


@pytest.mark.parametrize(
    ("name", "domain"),
    [("x.example", "x.example"), ("a.b.com.vn", "b.com.vn"), ("vn", ""), ("a.b.vn.", "b.vn"), ("a..b", ""), ("", "")],
)
def test_registered_domains(name: str, domain: str) -> None:
    assert registered_domain(name) == domain


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"process__pid": "810"}, "process.pid: expected long"),
        ({"process__pid": True}, "process.pid: expected long"),
        ({"process__pid": 2**63}, "process.pid: expected long"),
        ({"process__args": [1]}, "process.args: expected keyword"),
        ({"process__start": "yesterday"}, "process.start: expected date"),
        ({"process__start": "2026-11-23T02:00:00"}, "process.start: expected date"),
        ({"process__args": ["a"] * 1001}, "a list of 1001"),
        ({"process__pid": None}, "process.pid is missing"),
        ({"organization__id": "city"}, "'organization.id' is not a field of this dataset"),
        ({"event__kind": "alert"}, "event.kind: expected event or state"),
    ],
)
def test_anything_else_is_an_error_of_that_line(changes: dict[str, object], reason: str) -> None:
    found = read("linux.process", PROCESS, **changes)
    assert found["event.kind"] == "pipeline_error"
    assert reason in str(found["error.message"])
    assert found["organization.id"] == "commune-0117"
