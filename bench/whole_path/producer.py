"""The producer, a process of its own: collectors that send packed batches at a steady rate.

    python -m bench.whole_path.producer ORDER.json

Prints one JSON object: what each collector had acknowledged, how long acknowledgements took, what was refused.
"""

import json
import sys
import threading
import time
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bench.whole_path.stock import Piece, endless, load
from collectors.client import Answer, Client
from sentinel.errors import SentinelError

EPOCH = "0123456789abcdef"
PAUSE_SECONDS = 0.25
"""After a lost connection."""


@dataclass(frozen=True, slots=True)
class Phase:
    """For so many seconds, so many events a second."""

    rate: float
    seconds: float


@dataclass
class Told:
    """What the producer measured."""

    acknowledged: dict[str, int] = field(default_factory=dict)
    """Last sequence by collector."""
    waits: list[float] = field(default_factory=list)
    """Seconds from sending to acknowledgement."""
    refused: Counter[str] = field(default_factory=Counter)
    late_seconds: float = 0.0
    """How far behind its plan the slowest was at the end of a phase."""
    wire_bytes: int = 0
    plain_bytes: int = 0
    ended: list[float] = field(default_factory=list)
    """Unix time at the end of each phase."""
    lock: threading.Lock = field(default_factory=threading.Lock)


class Sender:
    """One collector."""

    def __init__(self, name: str, client: Client, stock: Path, pieces: list[Piece], place: int, step: int) -> None:
        self._name = name
        self._client = client
        self._file = stock.open("rb")
        self._pieces = endless(pieces, place, step)
        self._step = step
        self._place = place
        self._next = 1

    def run(self, phase: Phase, told: Told) -> None:
        """Send at the phase's rate until its end; a refused batch is sent again, and the plan goes on."""
        begun = time.monotonic()
        due = begun + self._place / self._step * 0.1
        while due < begun + phase.seconds:
            if (wait := due - time.monotonic()) > 0:
                time.sleep(wait)
            piece = next(self._pieces)
            self._send(piece, told)
            due += piece.events * self._step / phase.rate
        with told.lock:
            told.late_seconds = max(told.late_seconds, time.monotonic() - begun - phase.seconds)
            told.acknowledged[self._name] = self._next - 1

    def _send(self, piece: Piece, told: Told) -> None:
        self._file.seek(piece.place)
        body = self._file.read(piece.size)
        headers = {
            "Content-Type": "application/x-ndjson",
            "Content-Encoding": "zstd",
            "Sentinel-Epoch": EPOCH,
            "Sentinel-First": str(self._next),
        }
        last = self._next + piece.events - 1
        while True:
            begun = time.monotonic()
            answer = self._post(body, headers, told)
            if answer is not None and answer.status == 200:
                break
            if answer is not None and answer.status == 409 and answer.json().get("expected") == last + 1:
                break
            pause = PAUSE_SECONDS if answer is None else answer.retry_after(time.time()) or PAUSE_SECONDS
            time.sleep(pause)
        with told.lock:
            told.waits.append(time.monotonic() - begun)
            told.wire_bytes += piece.size
            told.plain_bytes += piece.plain_bytes
        self._next = last + 1

    def _post(self, body: bytes, headers: Mapping[str, str], told: Told) -> Answer | None:
        try:
            answer = self._client.post("/api/v1/events", body, headers)
        except SentinelError as error:
            with told.lock:
                told.refused[type(error).__name__] += 1
            return None
        if answer.status != 200:
            with told.lock:
                told.refused[f"{answer.status}: {answer.sentence()[:80]}"] += 1
        return answer


def main() -> int:
    """Send what the order says."""
    order = json.loads(Path(sys.argv[1]).read_text())
    stock = Path(order["stock"])
    pieces = load(stock)
    names = list(order["secrets"])
    senders = [
        Sender(name, Client(order["url"], Path(order["ca"]), order["secrets"][name]), stock, pieces, place, len(names))
        for place, name in enumerate(names)
    ]
    told = Told()
    for each in order["phases"]:
        threads = [threading.Thread(target=sender.run, args=(Phase(**each), told)) for sender in senders]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        told.ended.append(time.time())
    waits = sorted(told.waits)
    report = {
        "acknowledged": told.acknowledged,
        "batches": len(waits),
        "wait_p50": waits[len(waits) // 2],
        "wait_p95": waits[int(len(waits) * 0.95)],
        "wait_max": waits[-1],
        "refused": dict(told.refused),
        "late_seconds": told.late_seconds,
        "wire_bytes": told.wire_bytes,
        "plain_bytes": told.plain_bytes,
        "ended": told.ended,
    }
    sys.stdout.write(json.dumps(report) + "\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
