"""The disk of a real server fills below its doors and is freed: each says so, and nothing acknowledged is lost."""

import re
import secrets
import socket
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import httpx
import orjson
import psutil
import pytest

from bench.crash_trial.ground import Disk
from sentinel.cli.client import Client
from sentinel.event import Event, encode
from sentinel.model.moment import now
from tests.intake.examples import enrol
from tests.live.senders.sentinel import AGENCY, SentinelServer
from tests.waiting import until

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(300), pytest.mark.xdist_group("doors")]

DOORS = "[doors]\nbulk = true\nhec = true\notlp = true\n"
NOISE_BYTES = 100_000
"""In each event, and not to be compressed: files that were larger before have room for a few of those."""
SYSLOG_LINE_BYTES = 4_000
SYSLOG_BYTES = 60_000_000
"""More than the server and both kernels hold of one connection that is not read."""
BLOCKED_SECONDS = 5.0
MARK = re.compile(r"mark (\w+) (\d+) ")


@dataclass
class HttpSender:
    """Sends one event after the other through a door, the same again until it is taken."""

    door: str
    client: httpx.Client
    secret: str
    number: int = 0
    answers: list[httpx.Response] = field(default_factory=list)

    def send(self) -> httpx.Response:
        """Send the next event, or the last one again where it was not taken; return the answer."""
        if not self.answers or self.answers[-1].status_code == 200:
            self.number += 1
            self._text = f"mark {self.door} {self.number} {secrets.token_hex(NOISE_BYTES // 2)}"
        self.answers.append(getattr(self, f"_{self.door}")())
        return self.answers[-1]

    def _own(self) -> httpx.Response:
        line = encode(Event(
            collector="c", epoch="e", sequence=self.number, dataset="app.portal", host="h", seen_at=now(),
            raw=self._text,
        ))  # fmt: skip
        heads = {"Sentinel-Epoch": "0123456789abcdef", "Sentinel-First": str(self.number)}
        return self._post("/api/v1/events", line, f"Bearer {self.secret}", **heads)

    def _bulk(self) -> httpx.Response:
        body = b'{"create":{}}\n' + orjson.dumps({"message": self._text}) + b"\n"
        return self._post("/_bulk", body, f"ApiKey {self.secret}")

    def _hec(self) -> httpx.Response:
        return self._post("/services/collector/event", orjson.dumps({"event": self._text}), f"Splunk {self.secret}")

    def _otlp(self) -> httpx.Response:
        record = {"body": {"stringValue": self._text}}
        body = orjson.dumps({"resourceLogs": [{"scopeLogs": [{"logRecords": [record]}]}]})
        return self._post("/v1/logs", body, f"Bearer {self.secret}", **{"Content-Type": "application/json"})

    def _post(self, path: str, body: bytes, authorization: str, **heads: str) -> httpx.Response:
        return self.client.post(path, content=body, headers={"Authorization": authorization, **heads})


class SyslogSender:
    """Sends numbered lines over TCP for as long as they are taken."""

    def __init__(self, port: int) -> None:
        self.count = 0
        self._unsent = b""
        self._socket = socket.socket()
        self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 100_000)
        self._socket.connect(("127.0.0.1", port))

    def send_until_blocked(self) -> None:
        """Send until nothing is taken for a while; fail where so much is that it would be in nobody's memory."""
        self._socket.settimeout(BLOCKED_SECONDS)
        sent = 0
        while sent < SYSLOG_BYTES:
            try:
                sent += self._send_some()
            except TimeoutError:
                return
        raise AssertionError("the server goes on reading although it can keep nothing")

    def finish(self) -> None:
        """Send what is left of the last line, and end the connection in order."""
        self._socket.settimeout(60)
        while self._unsent:
            self._send_some()
        self._socket.shutdown(socket.SHUT_WR)
        assert self._socket.recv(1) == b""

    def close(self) -> None:
        """Cut the connection."""
        self._socket.close()

    def _send_some(self) -> int:
        if not self._unsent:
            self.count += 1
            noise = secrets.token_hex(SYSLOG_LINE_BYTES // 2)
            self._unsent = f"<38>Nov 23 15:04:05 h app[1]: mark syslog {self.count} {noise}\n".encode()
        sent = self._socket.send(self._unsent)
        self._unsent = self._unsent[sent:]
        return sent


@pytest.fixture
def disk(tmp_path: Path) -> Iterator[Disk]:
    made = Disk(tmp_path / "disk")
    if not made.is_small:
        pytest.skip("making a small disk needs root")
    yield made
    made.remove()


@pytest.fixture
def server(disk: Disk) -> Iterator[SentinelServer]:
    server = SentinelServer(DOORS, disk.folder / "home")
    server.add_sender("syslog", networks=(ip_network("127.0.0.1"),))
    with server:
        yield server


@pytest.fixture
def senders(server: SentinelServer) -> Iterator[list[HttpSender]]:
    trust = ssl.create_default_context(cafile=str(server.keys.ca))
    with httpx.Client(verify=trust, timeout=60, base_url=server.url) as client:
        yield [
            HttpSender("own", client, enrol(server.beside.enrolment, AGENCY)),
            *(HttpSender(door, client, server.add_sender(door, "app.portal")) for door in ("bulk", "hec", "otlp")),
        ]


@pytest.fixture
def syslog(server: SentinelServer) -> Iterator[SyslogSender]:
    with closing(SyslogSender(server.ports.syslog)) as made:
        yield made


def marks(server: SentinelServer) -> Counter[tuple[str, int]]:
    """Return which events are stored, and how often."""
    found: Counter[tuple[str, int]] = Counter()
    for text, times in server.stored().items():
        if mark := MARK.search(text):
            found[mark[1], int(mark[2])] += times
    return found


def is_refused(disk: Disk, sender: HttpSender) -> bool:
    disk.fill()
    return sender.send().status_code != 200


def test_a_full_disk_is_told_at_every_door_and_over_when_there_is_room(
    disk: Disk, server: SentinelServer, senders: list[HttpSender], syslog: SyslogSender
) -> None:
    process = psutil.Process(server.pid)
    assert [sender.send().status_code for sender in senders] == [200] * 4

    for sender in senders:
        until(lambda sender=sender: is_refused(disk, sender), what=f"{sender.door} refuses", seconds=60)  # type: ignore[misc]
    syslog.send_until_blocked()
    for sender in senders:
        disk.fill()
        answer = sender.send()
        assert answer.status_code == 503, f"{sender.door}: {answer.text}"
        assert int(answer.headers["Retry-After"]) > 0
    said: dict[str, dict[str, Any]] = {sender.door: sender.answers[-1].json() for sender in senders}
    assert "disk" in said["own"]["error"]
    assert (said["bulk"]["status"], said["bulk"]["error"]["type"]) == (503, "unavailable_shards_exception")
    assert "disk" in said["bulk"]["error"]["reason"]
    assert said["hec"] == {"text": "Server is busy", "code": 9}, "Splunk's own words"
    assert "disk" in said["otlp"]["message"]
    assert Client(server.url, server.keys.ca).is_up()

    disk.clear()
    finishing = threading.Thread(target=syslog.finish)
    finishing.start()
    for sender in senders:
        until(lambda sender=sender: sender.send().status_code == 200, what=f"{sender.door} takes it", seconds=60)  # type: ignore[misc]
    finishing.join(120)
    assert not finishing.is_alive()

    wanted = {(sender.door, number): 1 for sender in senders for number in range(1, sender.number + 1)}
    wanted |= {("syslog", number): 1 for number in range(1, syslog.count + 1)}
    until(lambda: len(marks(server)) >= len(wanted), what="all stored", seconds=120)
    assert marks(server) == wanted
    assert process.is_running(), "it recovered by itself"
    assert process.pid == server.pid
