"""Encoded events as a city sends them: real Windows events, and lines of the other sources with values that vary."""

import gzip
import json
import random
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import count
from pathlib import Path

from sentinel.event import Event, encode
from sentinel.model.moment import now, to_text

ROOT = Path(__file__).resolve().parent.parent.parent
STREAM = ROOT.parent / "shared" / "corpora" / "streams" / "windows-security-datasets.ndjson.gz"
"""150,000 real Windows events, mostly Sysmon, Security and PowerShell."""
RECORDINGS = ROOT / "tests" / "data" / "recordings"
DAY = datetime(2026, 11, 23, tzinfo=UTC)
CITY = {
    "windows.evtx": 36,
    "nginx.access": 16,
    "network.flow": 14,
    "fortinet.firewall": 10,
    "network.dns": 8,
    "linux.auth": 8,
    "egov.onestop": 8,
}
"""Of a hundred events: hosts 1,142, servers 1,030, firewalls 310 and network metadata 686 a second of 3,169 in all.

That is the base scenario with flows and questions added up at the edge; a good part of what servers write is Windows'.
"""
MIXES = {"city": CITY, "windows": {"windows.evtx": 100}}
_GUID = re.compile(r"(?<=\{)[0-9A-Fa-f]{8}(?=-)")
_RECORD = re.compile(r'("(?:RecordNumber|record_number)":"?)\d+')
_STAMP = re.compile(r'"@timestamp":"[^"]*"')
_DOMAINS = (
    "egov.example",
    "phuong-mau.example",
    "portal.example",
    "update.example.net",
    "cdn.example.org",
    "vnpt.example",
)
_SERVICES = ((443, "HTTPS"), (80, "HTTP"), (53, "DNS"), (445, "SMB"), (22, "SSH"), (3389, "RDP"), (25, "SMTP"))
Source = Iterator[str]


def sources(chance: random.Random) -> dict[str, Callable[[], Source]]:
    """Return by dataset what makes its lines, endlessly."""
    return {
        "windows.evtx": windows,
        "nginx.access": partial(web, chance),
        "network.flow": partial(flows, chance),
        "network.dns": partial(questions, chance),
        "fortinet.firewall": partial(firewall, chance),
        "linux.auth": partial(log_ins, chance),
        "egov.onestop": partial(onestop, chance),
    }


def raw_events(mix: str, total: int, seed: int = 1) -> Iterator[tuple[str, str]]:
    """Yield dataset and line of `total` events of a mix of `MIXES`, always the same for a seed."""
    chance = random.Random(seed)
    shares = MIXES[mix]
    lines = {dataset: make() for dataset, make in sources(chance).items() if dataset in shares}
    for dataset in chance.choices(list(shares), list(shares.values()), k=total):
        yield dataset, next(lines[dataset])


def events(mix: str, total: int, seed: int = 1) -> Iterator[bytes]:
    """Yield the same, encoded as collectors do it."""
    seen = now()
    for number, (dataset, raw) in enumerate(raw_events(mix, total, seed)):
        host = f"pc{number % 997:04}" if dataset == "windows.evtx" else f"sv{number % 89:02}"
        at = seen + timedelta(microseconds=100 * number)
        yield encode(Event(collector="", epoch="", sequence=0, dataset=dataset, host=host, seen_at=at, raw=raw))


def windows() -> Source:
    """Yield the real events in order, again and again; GUIDs, numbers and times differ in every round."""
    for turn in count():
        stamp = f'"@timestamp":"{to_text(now())}"'
        replaced = partial(_moved, turn * 7_919)
        with gzip.open(STREAM, "rt", encoding="utf-8") as stream:
            for place, line in enumerate(stream):
                raw = _STAMP.sub(stamp, line.rstrip("\n"), count=1)
                if turn:
                    raw = _RECORD.sub(rf"\g<1>{turn * 1_000_000 + place}", _GUID.sub(replaced, raw))
                yield raw


def _moved(by: int, found: re.Match[str]) -> str:
    return f"{(int(found[0], 16) + by) & 0xFFFFFFFF:08x}"


def _inside(chance: random.Random) -> str:
    return f"10.{chance.randrange(252)}.{chance.randrange(4)}.{chance.randrange(1, 255)}"


def _outside(chance: random.Random) -> str:
    return (
        f"{chance.choice((113, 118, 203, 8, 142))}.{chance.randrange(60)}.{chance.randrange(8)}.{chance.randrange(255)}"
    )


def _time(chance: random.Random) -> datetime:
    return DAY + timedelta(seconds=chance.random() * 86_400)


def web(chance: random.Random) -> Source:
    """Yield requests to portals, by the lines of the recording: other clients, other dossiers, other times."""
    lines = (RECORDINGS / "access.log").read_text("utf-8").splitlines()
    while True:
        line = chance.choice(lines) if chance.random() < 0.02 else lines[chance.randrange(4)]
        _, _, rest = line.partition("] ")
        rest = rest.replace("HS-0001", f"HS-{chance.randrange(100_000):05}")
        client = _outside(chance) if chance.random() < 0.7 else _inside(chance)
        yield f"{client} - - [{_time(chance):%d/%b/%Y:%H:%M:%S} +0700] {rest}"


def flows(chance: random.Random) -> Source:
    """Yield flows as the sensor reports them."""
    while True:
        sent, packets = chance.randrange(60, 90_000), chance.randrange(1, 200)
        start, lasted = _time(chance), chance.randrange(1, 60_000_000)
        yield json.dumps(
            {
                "event.start": f"{start:%Y-%m-%dT%H:%M:%S.%f}Z",
                "event.end": f"{start + timedelta(microseconds=lasted):%Y-%m-%dT%H:%M:%S.%f}Z",
                "event.duration": lasted * 1_000,
                "source.ip": _inside(chance),
                "source.port": chance.randrange(32_768, 60_999),
                "source.mac": f"00-16-3E-{chance.randrange(4):02X}-00-{chance.randrange(256):02X}",
                "source.bytes": sent,
                "source.packets": packets,
                "destination.ip": _outside(chance) if chance.random() < 0.6 else _inside(chance),
                "destination.port": chance.choice(_SERVICES)[0],
                "destination.mac": "00-16-3E-00-00-01",
                "destination.bytes": sent * 3,
                "destination.packets": packets * 2,
                "network.transport": "tcp" if chance.random() < 0.8 else "udp",
                "network.type": "ipv4",
                "network.bytes": sent * 4,
                "network.packets": packets * 3,
                "network.community_id": f"1:{chance.getrandbits(160):040x}"[:30],
                "sentinel.flow.state": "established",
                "sentinel.flow.tcp_flags": "FSPA",
            },
            separators=(",", ":"),
        )


def questions(chance: random.Random) -> Source:
    """Yield questions to name servers with their answers."""
    while True:
        name = (
            f"{chance.choice(('www', 'api', 'mail', 'img', 'dvc'))}{chance.randrange(3_000)}.{chance.choice(_DOMAINS)}"
        )
        yield json.dumps(
            {
                "source.ip": _inside(chance),
                "source.port": chance.randrange(32_768, 60_999),
                "destination.ip": "10.0.0.53",
                "destination.port": 53,
                "network.transport": "udp",
                "network.type": "ipv4",
                "dns.type": "answer",
                "dns.id": str(chance.randrange(65_536)),
                "dns.response_code": "NOERROR" if chance.random() < 0.9 else "NXDOMAIN",
                "dns.question.name": name,
                "dns.question.type": chance.choice(("A", "A", "A", "AAAA", "TXT")),
                "dns.question.class": "IN",
                "dns.answers.data": [_outside(chance)],
                "dns.answers.type": ["A"],
                "dns.resolved_ip": [_outside(chance)],
                "sentinel.dns.question_length": len(name),
            },
            separators=(",", ":"),
        )


def firewall(chance: random.Random) -> Source:
    """Yield sessions as a FortiGate logs them."""
    for number in count(1):
        at = _time(chance)
        port, service = chance.choice(_SERVICES)
        action = "deny" if chance.random() < 0.2 else "close"
        yield (
            f'date={at:%Y-%m-%d} time={at:%H:%M:%S} devname="FG-{number % 252:03}" devid="FGT60F0000{number % 252:03}" '
            f'logid="0000000013" type="traffic" subtype="forward" level="notice" vd="root" srcip={_inside(chance)} '
            f'srcport={chance.randrange(32_768, 60_999)} srcintf="internal" dstip={_outside(chance)} dstport={port} '
            f'dstintf="wan1" sessionid={number} proto=6 action="{action}" policyid={number % 40} service="{service}" '
            f"duration={chance.randrange(300)} sentbyte={chance.randrange(90_000)} rcvdbyte={chance.randrange(900_000)}"
        )


def log_ins(chance: random.Random) -> Source:
    """Yield the recording's lines of sshd, sudo and PAM at other times, of other processes and clients."""
    lines = [line for line in (RECORDINGS / "auth.log").read_text("utf-8").splitlines() if " port " in line]
    head = re.compile(r"^\S+ (\S+) ([\w-]+)\[\d+\]")
    address = re.compile(r"\d+\.\d+\.\d+\.\d+ port \d+")
    quiet = [line for line in lines if "Accepted" in line or "Disconnected" in line or "Received disconnect" in line]
    while True:
        line = chance.choice(lines) if chance.random() < 0.05 else chance.choice(quiet)
        stamp = f"{_time(chance):%Y-%m-%dT%H:%M:%S.%f}+07:00"
        line = address.sub(f"{_inside(chance)} port {chance.randrange(32_768, 60_999)}", line)
        yield head.sub(rf"{stamp} \g<1> \g<2>[{chance.randrange(300, 99_000)}]", line)


def onestop(chance: random.Random) -> Source:
    """Yield the recorded day of a one-stop office, with other officials, citizens and dossiers."""
    lines = [json.loads(line) for line in (RECORDINGS / "onestop-audit.ndjson").read_text("utf-8").splitlines()]
    for line in lines:
        line["version"] = 1
    while True:
        said = dict(chance.choice(lines))
        said["time"] = f"{_time(chance):%Y-%m-%dT%H:%M:%S}+07:00"
        said["user"] = f"{said['user']}{chance.randrange(1_500)}"
        said["session"] = f"{chance.getrandbits(64):016x}"
        said["source_ip"] = _inside(chance)
        if "citizen" in said:
            said["citizen"] = f"{chance.getrandbits(256):064x}"
        yield json.dumps(said, ensure_ascii=False)
