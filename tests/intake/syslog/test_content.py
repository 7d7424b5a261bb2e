"""A syslog message finds the parser of its source, and the machine that its header names."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sentinel.intake.syslog.content import ANY, CONTENTS, dataset_of, machine_of
from sentinel.normalise.parsers import PARSERS

HEAD = "<134>Nov 23 15:04:05 web01"
LINES = [
    ("<38>Nov 23 15:04:05 web01 sshd[12]: Failed password for root from 192.0.2.1 port 22 ssh2", ANY),
    ("<4>Nov 23 15:04:05 gw kernel: [UFW BLOCK] IN=eth0 OUT= SRC=192.0.2.1 DST=192.0.2.2 PROTO=TCP", ANY),
    ('<189>date=2026-11-23 devname="F" logid="0000000013" type="traffic" subtype="forward"', "fortinet.firewall"),
    ("<189>29: *Mar  1 18:46:11.123: %SYS-5-CONFIG_I: Configured from console by vty0", "cisco.ios"),
    ("<166>Nov 23 15:04:05 asa %ASA-6-302013: Built outbound TCP connection", "cisco.ios"),
    ("<13>Nov 23 15:04:05 web01 audispd: type=USER_LOGIN msg=audit(1490995752.404:1): pid=1", "linux.auditd"),
    (f'{HEAD} haproxy[9]: 192.0.2.1:4 [23/Nov/2026:15:04:05.123] in web/a 0/0/1/2/3 200 9 - - "GET /"', "haproxy.http"),
    (f"{HEAD} haproxy[9]: Proxy web started.", ANY),
    (f'{HEAD} nginx: 192.0.2.7 - - [23/Nov/2026:15:04:05 +0700] "GET / HTTP/1.1" 200 1 "-" "-"', "nginx.access"),
    (f"{HEAD} nginx: 2026/11/23 15:04:05 [error] 12#12: *1 open() failed, client: 192.0.2.7", "nginx.error"),
    ("", ANY),
]


@pytest.mark.parametrize(("line", "dataset"), LINES)
def test_a_source_with_a_language_of_its_own_is_told_by_it(line: str, dataset: str) -> None:
    assert dataset_of(line, ANY) == dataset


def test_what_a_sender_was_told_to_send_wins() -> None:
    assert dataset_of(LINES[2][0], "app.django") == "app.django"


def test_every_dataset_has_a_parser() -> None:
    assert CONTENTS.keys() <= PARSERS.keys()


@pytest.mark.parametrize(
    ("line", "machine"),
    [
        ("<38>Nov 23 15:04:05 web01 sshd[12]: x", "web01"),
        ("<38>Nov  3 15:04:05 2001:db8::1 sshd[12]: x", "2001:db8::1"),
        ("<38>2026-11-23T15:04:05+07:00 web01.city.example sshd: x", "web01.city.example"),
        ("<38>1 2026-11-23T15:04:05Z web01 sshd 12 - - x", "web01"),
        ("<38>1 - web01 sshd 12 - - x", "web01"),
        ("<38>1 - - sshd 12 - - x", ""),
        ("<189>date=2026-11-23 time=15:04:05", ""),
        ("no header at all", ""),
    ],
)
def test_the_machine_is_the_one_in_the_header(line: str, machine: str) -> None:
    assert machine_of(line) == machine


@given(st.one_of(st.text(), st.text().map("<13>Nov 23 15:04:05 {}".format)))
def test_no_message_breaks_it(raw: str) -> None:
    assert dataset_of(raw, ANY) in {ANY, *CONTENTS}
    assert len(machine_of(raw)) <= 255
