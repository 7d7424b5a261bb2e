"""rsyslog and syslog-ng deliver over HTTP, which acknowledges: over a kill nothing is lost, doubled or altered."""

import threading
from collections.abc import Callable, Iterator

import pytest

from tests.live.senders.numbered import judge
from tests.live.senders.program import SendingProgram
from tests.live.senders.rsyslog import Rsyslog
from tests.live.senders.sentinel import SentinelServer
from tests.live.senders.syslog_ng import SyslogNg
from tests.live.servers.fixtures import made
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(240)]

LINES = 4_000
BURST = 250
DOORS = "[doors]\nbulk = true\nhec = true\n"
BUFFER = 'disk-buffer(reliable(yes) mem-buf-size(1000000) disk-buf-size(20000000) dir("{folder}"))'
DOCUMENT = (
    'template(name="document" type="list" option.jsonf="on") {\n'
    ' property(outname="@timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")\n'
    ' property(outname="host.name" name="hostname" format="jsonf")\n'
    ' property(outname="message" name="rawmsg" format="jsonf")\n}\n'
)


def rsyslog_bulk(server: SentinelServer, token: str) -> Rsyslog:
    return Rsyslog(
        f'module(load="omelasticsearch")\n{DOCUMENT}'
        f'action(type="omelasticsearch" server="localhost" serverport="{server.ports.web}" usehttps="on"'
        f' tls.cacert="{server.keys.ca}" uid="rsyslog" pwd="{token}" bulkmode="on" template="document"'
        ' searchIndex="logs-linux.syslog-default" searchType="" healthchecktimeout="5000"'
        ' queue.type="LinkedList" queue.size="100000" queue.dequeueBatchSize="200"'
        ' action.resumeRetryCount="-1" action.resumeInterval="1")\n',
        needs="omelasticsearch",
    )


def syslog_ng_bulk(server: SentinelServer, token: str) -> SyslogNg:
    where = f'url("https://localhost:{server.ports.web}/_bulk") index("logs-linux.syslog-default") type("")'
    return SyslogNg(f'elasticsearch-http({where} user("syslog-ng") password("{token}") {trusting(server)});')


def syslog_ng_hec(server: SentinelServer, token: str) -> SyslogNg:
    where = f'url("https://localhost:{server.ports.web}/services/collector/event") method("POST") batch-lines(100)'
    body = 'body("$(format-json time=$S_UNIXTIME host=$HOST event=$MSG)")'
    return SyslogNg(f'http({where} headers("Authorization: Splunk {token}") {body} {trusting(server)});')


def trusting(server: SentinelServer) -> str:
    # Without `retries` syslog-ng drops a batch after the third error.
    return f'tls(ca-file("{server.keys.ca}") peer-verify(yes)) retries(1000) {BUFFER}'


SENDERS: dict[str, tuple[str, Callable[[SentinelServer, str], SendingProgram]]] = {
    "rsyslog to bulk": ("bulk", rsyslog_bulk),
    "syslog-ng to bulk": ("bulk", syslog_ng_bulk),
    "syslog-ng to the event collector": ("hec", syslog_ng_hec),
}


@pytest.fixture
def server() -> Iterator[SentinelServer]:
    with SentinelServer(DOORS) as started:
        yield started


def send(sender: SendingProgram, numbers: range) -> None:
    sender.log_numbers(numbers, burst=BURST, pause_seconds=0.05)


@pytest.mark.parametrize("name", SENDERS)
def test_every_line_is_stored_once_and_unchanged_over_kills(server: SentinelServer, name: str) -> None:
    door, make = SENDERS[name]
    with made(lambda: make(server, server.add_sender(door, "app.trial"))) as sender:
        for turn in range(2):
            numbers = range(LINES // 2 * turn, LINES // 2 * (turn + 1))
            killer = threading.Timer(0.15, server.kill)
            killer.start()
            send(sender, numbers)
            killer.join()
            server.start()
        until(lambda: server.position() >= LINES, seconds=100, what=f"{LINES} lines of {name}")
        until(lambda: not judge(LINES, server.stored("message")).lost, seconds=60, what="every line")
        verdict = judge(LINES, server.stored("message"))
    assert (verdict.lost, verdict.doubled, verdict.altered) == ([], 0, [])
