"""A small server for trials: takes numbered lines into a journal and moves them to a store until it is killed.

    python -m tests.survivor FOLDER SECONDS

Prints the last sequence that is durable after every batch. Without seconds it takes nothing new, moves what is
left, and prints how many events the engine has seen.
"""

import json
import sys
import threading
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from pathlib import Path

from sentinel.detect.correlate.hit import Hit
from sentinel.event import Event, encode
from sentinel.journal import Batch
from sentinel.journal.local import LocalJournal
from sentinel.model.match import Match
from sentinel.model.record import Record
from sentinel.normalise import normalise
from sentinel.pipeline import Pipeline
from sentinel.store.local import LocalStore

COLLECTOR, EPOCH = "c1", "0123456789abcdef"
AT = "2026-11-23T08:00:00.000000Z"


class CountingEngine:
    """Counts records; its count is the detection state, so that a repeat or a gap shows."""

    def __init__(self) -> None:
        self.seen = 0

    def judge(self, records: Sequence[Record]) -> list[list[Hit]]:
        """Find something on each record: what nothing was found on is not told of."""
        return [[Hit("any", record.id, record.at, 0, 0, "city", {})] for record in records]

    def conclude(self, records: Sequence[Record], hits: Sequence[Sequence[Hit]]) -> list[tuple[Match, Record]]:
        """Count the records."""
        self.seen += len(records)
        return []

    def advance(self, received: int) -> list[tuple[Match, Record]]:
        """Return nothing."""
        return []

    def checkpoint(self) -> bytes:
        """Return the count."""
        return json.dumps(self.seen).encode()

    def changes(self) -> bytes | None:
        """Return None: the count is short enough."""
        return None

    def restore(self, state: bytes) -> None:
        """Go on from a count."""
        self.seen = json.loads(state) if state else 0


def line(number: int) -> bytes:
    """Return an encoded event with a number in it."""
    event = Event(
        collector=COLLECTOR, epoch=EPOCH, sequence=number, dataset="nginx.access", host="h",
        seen_at=datetime(2026, 11, 23, tzinfo=UTC), raw=f"not a request but number {number}",
    )  # fmt: skip
    return encode(event)


def receive(journal: LocalJournal) -> None:
    """Append batches of changing size for ever; some are sent twice, as after a lost answer."""
    for turn in count():
        last = journal.last_sequence(COLLECTOR, EPOCH)
        first = max(1, last - 3) if turn % 3 == 0 else last + 1
        lines = [line(number) for number in range(first, last + 1 + (turn * 7919) % 200 + 1)]
        batch = Batch(collector=COLLECTOR, agency="city", epoch=EPOCH, first=first, lines=lines, received_at=AT)
        sys.stdout.write(f"{journal.append(batch)}\n")
        sys.stdout.flush()


def main(folder: Path, *, is_last: bool) -> None:
    """Run until killed, or with `is_last` until all is stored."""
    journal = LocalJournal(folder / "journal.db")
    store = LocalStore(folder / "store", grace=timedelta(0))
    engine = CountingEngine()
    pipeline = Pipeline(journal, store, engine, normalise, lambda matches: None)  # type: ignore[arg-type]
    if is_last:
        while pipeline.step(700):
            pass
        store.maintain()
        sys.stdout.write(f"{engine.seen}\n")
        return
    threading.Thread(target=receive, args=(journal,), daemon=True).start()
    for turn in count():
        pipeline.step(300)
        if turn % 5 == 4:
            store.maintain()


if __name__ == "__main__":
    main(Path(sys.argv[1]), is_last=sys.argv[2:] == ["last"])
