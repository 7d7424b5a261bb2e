"""A sender of numbered lines, for trials in which parts of Sentinel or of its engines die."""

import http.client
import json
import ssl
import threading
from collections import Counter
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path

from sentinel.cli.client import Connection
from sentinel.event import Event, encode
from sentinel.model.moment import now
from tests.waiting import until

EPOCH = "0123456789abcdef"
BATCH = 20
NO_ANSWER = 0
"""Counted like an answer: the server was killed, or is not there yet."""
ANSWERS = 5
"""So many answers of a kind are waited for before the next thing happens."""


@dataclass
class Sender:
    """Sends numbered lines as a collector does: the next batch when this one is acknowledged, else the same again."""

    port: int
    ca: Path
    secret: str
    acknowledged: int = 0
    answers: Counter[int] = field(default_factory=Counter)
    sentences: set[str] = field(default_factory=set)
    stop: threading.Event = field(default_factory=threading.Event)

    def run(self) -> None:
        """Send until told to stop."""
        context = ssl.create_default_context(cafile=str(self.ca))
        pause = threading.Event()
        while not self.stop.is_set():
            try:
                status, body = self._send(context)
            except (OSError, http.client.HTTPException):
                status, body = NO_ANSWER, b""
            self.answers[status] += 1
            if status == http.client.OK:
                self.acknowledged = int(json.loads(body)["acknowledged"])
            elif body:
                self.sentences.add(str(json.loads(body)["error"]))
            pause.wait(0.05)

    def wait_for(self, status: int, what: str) -> None:
        """Wait until the server has given this answer some times more."""
        enough = self.answers[status] + ANSWERS
        until(lambda: self.answers[status] >= enough, what=what, seconds=60)

    def _send(self, context: ssl.SSLContext) -> tuple[int, bytes]:
        first = self.acknowledged + 1
        body = b"\n".join(line(number) for number in range(first, first + BATCH))
        connection = Connection("localhost", self.port, timeout=60, context=context)
        headers = {
            "Authorization": f"Bearer {self.secret}",
            "Sentinel-Epoch": EPOCH,
            "Sentinel-First": str(first),
        }
        with closing(connection):
            connection.request("POST", "/api/v1/events", body, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()


def line(number: int) -> bytes:
    """Return an encoded event with a number in it."""
    raw = f"Nov 23 08:00:00 h sshd[7]: line {number}"
    return encode(
        Event(collector="c", epoch="e", sequence=number, dataset="linux.auth", host="h", seen_at=now(), raw=raw)
    )
