"""The copy of the senders is fast, fresh, and small whatever addresses come."""

from dataclasses import replace
from ipaddress import ip_network

import pytest

from sentinel.errors import UnavailableError
from sentinel.intake.syslog import gate
from sentinel.intake.syslog.gate import Gate
from sentinel.model.sender import Sender
from tests.intake.syslog.doors import LOCAL

WIDE = replace(LOCAL, id="s-wide", networks=(ip_network("10.0.0.0/8"), ip_network("fd00::/8")))
NARROW = replace(LOCAL, id="s-narrow", networks=(ip_network("10.1.0.0/16"),))
CERTIFIED = replace(LOCAL, id="s-tls", networks=(), certificate="ab" * 32)


def opened(*senders: Sender) -> Gate:
    made = Gate(lambda: senders)
    made.renew()
    return made


def test_the_narrowest_network_counts() -> None:
    known = opened(WIDE, NARROW, CERTIFIED)
    for address, sender in (("10.1.2.3", "s-narrow"), ("10.2.2.3", "s-wide"), ("fd00::1", "s-wide")):
        found = known.by_address(address)
        assert found is not None
        assert found.id == sender
    assert known.by_address("192.0.2.1") is None


def test_a_certificate_is_known_by_its_hash() -> None:
    known = opened(WIDE, CERTIFIED)
    found = known.by_certificate("ab" * 32)
    assert found is not None
    assert found.id == "s-tls"
    assert known.by_certificate("cd" * 32) is None
    assert known.by_certificate("") is None


def test_a_source_is_told_of_once_until_the_senders_change() -> None:
    senders = [WIDE]
    known = Gate(lambda: list(senders))
    known.renew()
    assert known.is_news("192.0.2.1")
    assert not known.is_news("192.0.2.1")
    senders[:] = [replace(WIDE, last_seen_at="2026-11-23T08:00:00.000000Z")]
    known.renew()
    assert not known.is_news("192.0.2.1"), "that a sender was heard is no change"
    senders.append(NARROW)
    known.renew()
    assert known.is_news("192.0.2.1")
    found = known.by_address("10.1.2.3")
    assert found is not None
    assert found.id == "s-narrow"


def test_a_database_that_is_down_keeps_those_known(caplog: pytest.LogCaptureFixture) -> None:
    answers = [[WIDE]]

    def active() -> list[Sender]:
        if not answers:
            raise UnavailableError("the database is down")
        return answers.pop()

    known = Gate(active)
    known.renew()
    known.renew()
    assert known.by_address("10.2.2.3") is not None
    assert known.current(WIDE) is not None
    assert "those known before may go on" in caplog.text


def test_invented_addresses_take_no_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate, "MAX_REMEMBERED", 100)
    known = opened(WIDE)
    for number in range(1_000):
        address = f"192.0.{number // 250}.{number % 250}"
        assert known.by_address(address) is None
        known.is_news(address)
    assert len(known._by_address) <= 100
    assert len(known._told) <= 100
