"""What comes in as syslog is understood, and found by our rules, as if a collector had read it."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from sentinel import bundled
from sentinel.detect.engine import Engine
from sentinel.detect.load import load_rules
from sentinel.event import decode
from sentinel.intake.lines import encoded
from sentinel.intake.syslog.message import Names, line_of
from sentinel.model.record import Record
from sentinel.model.sender import Sender
from sentinel.normalise import normalise
from tests.intake.syslog.doors import LOCAL

AT = datetime(2026, 11, 23, 8, 5, tzinfo=UTC)


def record(message: bytes, sender: Sender = LOCAL, *, is_cut: bool = False) -> Record:
    line = line_of(message, sender, address="192.0.2.50", zone="Asia/Ho_Chi_Minh", names=Names(), is_cut=is_cut)
    event = decode(encoded(line, "key", AT), collector=sender.id, epoch="e", sequence=1)
    return normalise(event, agency=sender.agency, received_at="2026-11-23T08:05:00.000000Z")


def test_a_line_of_sshd_is_found_by_our_rule_for_it() -> None:
    engine = Engine(load_rules([bundled.folder("rules") / "linux"]))
    found = record(b"<38>Nov 23 15:04:05 web01 sshd[12]: Accepted password for root from 203.0.113.9 port 22 ssh2")
    matches = engine.match([found])
    assert "Root Logs In Over SSH With A Password" in {match.rule.title for match, _ in matches}
    assert found.fields["host.name"] == "web01"
    assert found.fields["@timestamp"] == "2026-11-23T08:04:05.000000Z"
    assert found.fields["sentinel.sender.address"] == "192.0.2.50"


@pytest.mark.parametrize(
    ("message", "fields"),
    [
        (
            b'<189>date=2026-11-23 time=15:04:05 devname="FGT" logid="0000000013" type="traffic" subtype="forward" '
            b'srcip=192.0.2.9 dstip=198.51.100.1 action="deny"',
            {"event.dataset": "fortinet.firewall", "source.ip": "192.0.2.9", "host.name": "192.0.2.50"},
        ),
        (
            b"<189>29: *Nov 23 15:04:05.123: %SYS-5-CONFIG_I: Configured from console by vty0 (192.0.2.7)",
            {"event.dataset": "cisco.ios", "event.code": "SYS-5-CONFIG_I", "source.ip": "192.0.2.7"},
        ),
        (
            b"<4>Nov 23 15:04:05 gw kernel: [1.2] [UFW BLOCK] IN=eth0 OUT= SRC=192.0.2.9 DST=192.0.2.1 PROTO=TCP",
            {"event.dataset": "linux.syslog", "event.provider": "iptables", "source.ip": "192.0.2.9"},
        ),
        (
            b"<86>1 2026-11-23T08:04:05Z web01 sudo 12 - - lan : TTY=pts/0 ; PWD=/ ; USER=root ; COMMAND=/bin/sh",
            {"event.dataset": "linux.syslog", "process.name": "sudo", "user.effective.name": "root"},
        ),
        (b"<13>C\xf4ng an th\xe0nh ph\xf4", {"message": "C\\xf4ng an th\\xe0nh ph\\xf4", "log.syslog.priority": 13}),
    ],
)
def test_what_a_source_says_is_understood(message: bytes, fields: dict[str, object]) -> None:
    found = record(message).fields
    assert found["event.kind"] == "event", found.get("error.message")
    assert {name: found.get(name) for name in fields} == fields


def test_an_address_proves_nothing_and_a_certificate_does() -> None:
    message = b"<38>Nov 23 15:04:05 web01 sshd[12]: x"
    assert record(message).fields["event.agent_id_status"] == "auth_metadata_missing"
    proven = record(message, replace(LOCAL, networks=(), certificate="ab" * 32)).fields
    assert proven["event.agent_id_status"] == "verified"
    assert proven["organization.id"] == "dept-a"


def test_a_message_that_was_cut_says_so() -> None:
    assert record(b"<38>Nov 23 15:04:05 web01 sshd[12]: x", is_cut=True).fields["log.truncated"] is True
