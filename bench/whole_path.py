"""How many events a second go from the journal to the store, with our own rules, and which stage takes what share.

    python -m bench.whole_path --events 100000

One process, embedded default, lines of nginx and sshd in equal parts. Prints wall time and processor time.
"""

import argparse
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TypeVar

from sentinel.cli.init import create
from sentinel.event import Event, encode
from sentinel.journal import Batch
from sentinel.model.moment import now, to_text
from sentinel.normalise import normalise
from sentinel.pipeline import Pipeline
from sentinel.wiring import Home, open_home

BATCH = 5_000
EPOCH = "0123456789abcdef"
T = TypeVar("T")


def lines(first: int, count: int) -> list[bytes]:
    """Return encoded events: every second one a web request, the others ssh log-ins by key."""
    seen = now()
    events = []
    for number in range(first, first + count):
        if number % 2:
            address = f"10.9.{number // 250 % 250}.{number % 250}"
            raw = f'{address} - - [23/Nov/2026:08:00:00 +0000] "GET /ho-so/{number} HTTP/1.1" 200 512 "-" "Mozilla/5.0"'
            dataset = "nginx.access"
        else:
            what = f"Accepted publickey for u{number % 50} from 10.8.0.1 port 4022 ssh2"
            raw = f"{to_text(seen)} portal01 sshd[{number}]: {what}"
            dataset = "linux.auth"
        events.append(
            Event(collector="c", epoch=EPOCH, sequence=number + 1, dataset=dataset, host="h", seen_at=seen, raw=raw)
        )
    return [encode(event) for event in events]


class Timed:
    """Adds up the time of the stages."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()

    def wrap(self, stage: str, work: Callable[..., T]) -> Callable[..., T]:
        """Return `work`, timed."""

        def timed(*arguments: object, **named: object) -> T:
            start = time.perf_counter()
            try:
                return work(*arguments, **named)
            finally:
                self.seconds[stage] += time.perf_counter() - start  # type: ignore[assignment]

        return timed


def fill(home: Home, count: int) -> float:
    """Put the events into the journal; return the seconds it took, encoding left out."""
    spent = 0.0
    for first in range(0, count, BATCH):
        part: Sequence[bytes] = lines(first, min(BATCH, count - first))
        start = time.perf_counter()
        home.journal.append(Batch("c", "city", EPOCH, first + 1, part, to_text(now())))
        spent += time.perf_counter() - start
    return spent


def main() -> int:
    """Run once and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=100_000)
    count = parser.parse_args().events
    with tempfile.TemporaryDirectory(prefix="whole-path-") as folder:
        create(Path(folder) / "home", host="127.0.0.1", port=1, names=["localhost"], administrator="admin")
        home = open_home(Path(folder) / "home")
        timed = Timed()
        timed.seconds["journal, in"] = fill(home, count)  # type: ignore[assignment]
        timed_normalise = timed.wrap("normalise", normalise)
        home.journal.read = timed.wrap("journal, out", home.journal.read)  # type: ignore[method-assign]
        home.store.add = timed.wrap("store", home.store.add)  # type: ignore[method-assign]
        home.detection.match = timed.wrap("detect", home.detection.match)  # type: ignore[method-assign]
        respond = timed.wrap("alerts", home.respond)
        pipeline = Pipeline(home.journal, home.store, home.detection, timed_normalise, respond)
        start, processor = time.perf_counter(), time.process_time()
        while pipeline.step():
            pass
        wall, processor = time.perf_counter() - start, time.process_time() - processor
        home.close()
    total = sum(timed.seconds.values())
    sys.stdout.write(
        f"{count} events: {count / wall:,.0f} a second by the clock, {count / processor:,.0f} by processor\n"
    )
    for stage, seconds in timed.seconds.most_common():
        sys.stdout.write(f"  {stage:<13} {seconds / total:5.0%}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
