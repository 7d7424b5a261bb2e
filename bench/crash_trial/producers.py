"""Send unique lines through each door as its senders do: again and again until they are acknowledged."""

import http.client
import json
import os
import ssl
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from bench.crash_trial.oracle import Oracle
from sentinel.cli.client import Connection
from sentinel.event import Event, encode
from sentinel.model.moment import now

DATASET = "app.trial"
EPOCH = "0123456789abcdef"
CHANNEL = "c0ffee00-0000-4000-8000-000000000000"
TIMEOUT_SECONDS = 15.0
PAUSE_SECONDS = 0.03
TAILED_LINES = 20
MOST_LINES = 6_000
"""Of one producer in one trial: then it waits, so that a trial stays small whatever happens."""


@dataclass(frozen=True)
class Target:
    """Where the server is and what it knows its senders by."""

    port: int
    ca: Path
    tokens: Mapping[str, str]


@dataclass
class Producer:
    """One sender with one batch on its way at a time."""

    door: str
    send: Callable[["Producer", Sequence[str]], bool]
    """Sends a batch once; returns whether it was acknowledged."""
    target: Target
    oracle: Oracle
    batch_lines: int = 20
    stop: threading.Event = field(default_factory=threading.Event)
    abandon: threading.Event = field(default_factory=threading.Event)
    """Set when the trial is over: then nobody will acknowledge what is on its way."""
    batches: int = 0
    """Acknowledged."""
    most_lines: int = MOST_LINES
    sequence: int = 0
    answers: Counter[str] = field(default_factory=Counter)

    def run(self) -> None:
        """Send until told to stop; what is on its way then is brought to its end."""
        pause = threading.Event()
        issued = 0
        while not self.stop.is_set():
            if issued >= self.most_lines:
                self.stop.wait(0.1)
                continue
            lines = self.oracle.issue(self.door, self.batch_lines)
            issued += len(lines)
            while not self.send(self, lines):
                if self.abandon.wait(PAUSE_SECONDS * 3):
                    return
            self.oracle.acknowledge(lines)
            self.sequence += len(lines)
            self.batches += 1
            pause.wait(PAUSE_SECONDS)

    def go_on(self, batches: int) -> None:
        """Send so many batches more, though it may have sent all it was to send."""
        self.most_lines += (batches + 1) * self.batch_lines

    def ask(self, path: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, object]:
        """Return status and document of an answer; status 0 where there was none."""
        context = ssl.create_default_context(cafile=str(self.target.ca))
        connection = Connection("localhost", self.target.port, timeout=TIMEOUT_SECONDS, context=context)
        with closing(connection):
            try:
                connection.request("POST", path, body, dict(headers))
                answer = connection.getresponse()
                status, document = answer.status, json.loads(answer.read())
            except (OSError, http.client.HTTPException, ValueError) as error:
                self.answers[type(error).__name__] += 1
                return 0, None
        self.answers[str(status)] += 1
        return status, document


def own(producer: Producer, lines: Sequence[str]) -> bool:
    """Send as a collector does: numbered, so that the server knows what it has."""
    body = b"\n".join(
        encode(Event(collector="", epoch="", sequence=0, dataset=DATASET, host="h", seen_at=now(), raw=each))
        for each in lines
    )
    first = producer.sequence + 1
    headers = {
        "Authorization": f"Bearer {producer.target.tokens['own']}",
        "Sentinel-Epoch": EPOCH,
        "Sentinel-First": str(first),
    }
    status, document = producer.ask("/api/v1/events", body, headers)
    return status == 200 and isinstance(document, dict) and document["acknowledged"] == first + len(lines) - 1


def bulk(producer: Producer, lines: Sequence[str]) -> bool:
    """Send as Beats do: what one item's result does not say is created is sent again."""
    rows = []
    for each in lines:
        rows += [{"create": {"_index": f"logs-{DATASET}-default"}}, {"@timestamp": _time(each), "message": each}]
    body = "".join(json.dumps(row, ensure_ascii=False) + "\n" for row in rows).encode()
    headers = {
        "Authorization": f"ApiKey {producer.target.tokens['bulk']}",
        "Content-Type": "application/x-ndjson",
    }
    status, document = producer.ask("/_bulk", body, headers)
    return status == 200 and isinstance(document, dict) and document["errors"] is False


def hec(producer: Producer, lines: Sequence[str]) -> bool:
    """Send as Splunk's forwarders do, and ask for the acknowledgement; where it is not known, everything again."""
    rows = [{"event": each, "time": 1_790_000_000 + _number(each) / 1000, "sourcetype": DATASET} for each in lines]
    body = "".join(json.dumps(row, ensure_ascii=False) for row in rows).encode()
    headers = {
        "Authorization": f"Splunk {producer.target.tokens['hec']}",
        "X-Splunk-Request-Channel": CHANNEL,
    }
    status, document = producer.ask("/services/collector/event", body, headers)
    if status != 200 or not isinstance(document, dict):
        return False
    number = document["ackId"]
    status, document = producer.ask("/services/collector/ack", json.dumps({"acks": [number]}).encode(), headers)
    return status == 200 and isinstance(document, dict) and document["acks"][str(number)] is True


@dataclass
class Tailed:
    """A program that writes a log which a real collector reads: what is written is promised."""

    path: Path
    oracle: Oracle
    stop: threading.Event = field(default_factory=threading.Event)
    batches: int = 0

    def run(self) -> None:
        """Write until told to stop; a disk that is full makes it wait, as it does programs."""
        pause = threading.Event()
        with self.path.open("ab", buffering=0) as file:
            while not self.stop.is_set():
                if self.batches * TAILED_LINES >= MOST_LINES:
                    self.stop.wait(0.1)
                    continue
                for each in self.oracle.issue("tail", TAILED_LINES):
                    _write_all(file.fileno(), (each + "\n").encode(), self.stop)
                    self.oracle.acknowledge([each])
                self.batches += 1
                pause.wait(PAUSE_SECONDS * 4)


def _write_all(descriptor: int, data: bytes, stop: threading.Event) -> None:
    while data:
        try:
            data = data[os.write(descriptor, data) :]
        except OSError:
            stop.wait(0.05)


DOORS: dict[str, Callable[[Producer, Sequence[str]], bool]] = {"own": own, "bulk": bulk, "hec": hec}


def _number(line: str) -> int:
    return int(line.split(" ", 4)[3])


def _time(line: str) -> str:
    return f"2026-11-23T08:{_number(line) // 60 % 60:02}:{_number(line) % 60:02}.000Z"
