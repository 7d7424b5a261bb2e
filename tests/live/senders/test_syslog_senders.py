"""rsyslog and syslog-ng deliver by syslog with usual settings; what syslog over TCP can lose is measured."""

import threading
from collections.abc import Callable, Iterator
from ipaddress import ip_network

import pytest

from tests.live.senders.numbered import judge
from tests.live.senders.program import SendingProgram
from tests.live.senders.rsyslog import Rsyslog
from tests.live.senders.sentinel import SentinelServer
from tests.live.senders.syslog_ng import SyslogNg
from tests.live.servers.fixtures import made
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(240)]

LINES = 6_000
BURST = 500
FORWARD = (
    'queue.type="LinkedList" queue.size="100000" queue.filename="forward" action.resumeRetryCount="-1" '
    'action.resumeInterval="1" '
)
TEMPLATE = 'template(name="seen" type="string" string="<%PRI%>%TIMESTAMP% %HOSTNAME% %syslogtag:1:32%%msg:::sp-if-no-1st-sp%%msg%\\n")\n'  # noqa: E501
"""rsyslog's RSYSLOG_TraditionalForwardFormat with a line break: a second action writes the very bytes it sends."""


def rsyslog(server: SentinelServer, options: str, port: int, globals_: str = "", needs: str = "") -> Rsyslog:
    target = "localhost" if port == server.ports.tls else "127.0.0.1"
    action = f'action(type="omfwd" target="{target}" port="{port}" {FORWARD}{options})\n'
    sender = Rsyslog(globals_ + TEMPLATE + action, needs=needs)
    with (sender.folder / "rsyslog.conf").open("a") as file:
        file.write(f'action(type="omfile" file="{sender.folder}/sent" template="seen")\n')
    return sender


def rsyslog_tls(server: SentinelServer) -> Rsyslog:
    certificate, key = server.client
    driver = "DefaultNetstreamDriver"
    names = f'global({driver}CAFile="{server.keys.ca}" {driver}CertFile="{certificate}" {driver}KeyFile="{key}")\n'
    options = (
        'protocol="tcp" StreamDriver="gtls" StreamDriverMode="1" '
        'StreamDriverAuthMode="x509/name" StreamDriverPermittedPeers="localhost"'
    )
    return rsyslog(server, options, server.ports.tls, names, needs="lmnsd_gtls")


def syslog_ng(driver: str) -> Callable[[SentinelServer], SyslogNg]:
    buffer = 'disk-buffer(reliable(yes) mem-buf-size(1000000) disk-buf-size(20000000) dir("{folder}"))'

    def make(server: SentinelServer) -> SyslogNg:
        if "tls" not in driver:
            return SyslogNg(f"{driver} port({server.ports.syslog}) {buffer});")
        certificate, key = server.client
        files = f'ca-file("{server.keys.ca}") cert-file("{certificate}") key-file("{key}") peer-verify(yes)'
        return SyslogNg(f"{driver} port({server.ports.tls}) tls({files}) {buffer});")

    return make


SENDERS: dict[str, Callable[[SentinelServer], SendingProgram]] = {
    "rsyslog over UDP": lambda server: rsyslog(server, 'protocol="udp"', server.ports.syslog),
    "rsyslog over TCP": lambda server: rsyslog(server, 'protocol="tcp"', server.ports.syslog),
    "rsyslog over TCP, counted": lambda server: rsyslog(
        server, 'protocol="tcp" TCP_Framing="octet-counted"', server.ports.syslog
    ),
    "rsyslog over TLS": rsyslog_tls,
    "syslog-ng over UDP": syslog_ng('network("127.0.0.1" transport("udp")'),
    "syslog-ng over TCP, old": syslog_ng('network("127.0.0.1" transport("tcp")'),
    "syslog-ng over TCP, RFC 5424": syslog_ng('syslog("127.0.0.1" transport("tcp")'),
    "syslog-ng over TLS, RFC 5424": syslog_ng('syslog("localhost" transport("tls")'),
}
STREAMS = ["rsyslog over TCP", "rsyslog over TLS", "syslog-ng over TCP, old", "syslog-ng over TLS, RFC 5424"]


@pytest.fixture
def server() -> Iterator[SentinelServer]:
    server = SentinelServer()
    # Before it starts: it reads its senders once a second, and what a stranger sends is not kept.
    server.add_sender("syslog", networks=(ip_network("127.0.0.1"),))
    server.certify()
    with server:
        yield server


def send(sender: SendingProgram, numbers: range) -> None:
    sender.log_numbers(numbers, burst=BURST, pause_seconds=0.02)


@pytest.mark.parametrize("name", SENDERS)
def test_a_real_sender_delivers_every_line_once_and_unchanged(server: SentinelServer, name: str) -> None:
    with made(lambda: SENDERS[name](server)) as sender:
        send(sender, range(LINES))
        until(lambda: server.position() >= LINES, seconds=60, what=f"{LINES} lines of {name}")
        # What Sentinel says of itself counts there too.
        until(lambda: not judge(LINES, server.stored()).lost, seconds=60, what="every line")
        stored = server.stored()
        verdict = judge(LINES, stored)
        assert (verdict.lost, verdict.doubled, verdict.altered) == ([], 0, [])
        if isinstance(sender, Rsyslog):
            sent = (sender.folder / "sent").read_text("utf-8").splitlines()
            assert set(sent) == set(stored), "the stored bytes are those that rsyslog sent"


@pytest.mark.parametrize("name", STREAMS)
def test_over_a_kill_nothing_is_doubled_or_altered_and_the_rest_arrives(server: SentinelServer, name: str) -> None:
    """What was on its way at the cut is lost: syslog over TCP has no acknowledgement, so its sender cannot know."""
    with made(lambda: SENDERS[name](server)) as sender:
        send(sender, range(LINES // 3))
        until(lambda: server.position() >= LINES // 3, seconds=60, what="the first third")
        until(lambda: not judge(LINES // 3, server.stored()).lost, seconds=60, what="the first third")
        killer = threading.Timer(0.03, server.kill)
        killer.start()
        send(sender, range(LINES // 3, LINES // 3 * 2))
        killer.join()
        server.start()

        def last(number: int) -> bool:
            return number not in judge(number + 1, server.stored()).lost

        # A sender that has not noticed the cut yet may lose once more; afterwards nothing may be missing.
        number = LINES // 3 * 2
        while not last(number - 1):
            send(sender, range(number, number + 10))
            number += 10
            threading.Event().wait(1.0)
        steady, before = range(number, number + LINES // 3), server.position()
        send(sender, steady)
        until(lambda: server.position() >= before + len(steady), seconds=60, what="the last third")
        until(lambda: last(steady.stop - 1), seconds=60, what="the last line")
        verdict = judge(steady.stop, server.stored())
    assert (verdict.doubled, verdict.altered) == (0, [])
    assert all(LINES // 3 <= lost < number for lost in verdict.lost), "only what was on its way may be lost"
    print(f"{name}: lost {len(verdict.lost)} of {steady.stop} lines by the protocol")  # noqa: T201 - the measure
