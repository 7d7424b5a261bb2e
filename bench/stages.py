"""What each stage costs an event, in one process, one thread, with all public rules and our own.

    python -m bench.stages --events 40000 --mix city

Every stage runs over the same batches, after a first round over other events of the mix that is not counted: plans are
made then. Processor time of the thread, in microseconds an event; what Arrow's own threads do is counted in `all`.
"""

import argparse
import gc
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.unpack import unpack
from bench.whole_path.mix import MIXES, STREAM, events
from bench.whole_path.server import FOLDERS, RULES
from sentinel import bundled
from sentinel.crew.judge import normalised
from sentinel.detect.engine import Engine
from sentinel.detect.load import load_rules
from sentinel.journal import Batch, Entry
from sentinel.journal.local import LocalJournal
from sentinel.model.moment import now, to_text
from sentinel.normalise import normalise
from sentinel.store import Mark
from sentinel.store.columns import pack
from sentinel.store.local import LocalStore

BATCH = 1_000
SENT = 1_000
EPOCH = "0123456789abcdef"


class Stages:
    """Adds up thread time by stage."""

    def __init__(self) -> None:
        self.seconds: Counter[str] = Counter()
        self.process: Counter[str] = Counter()

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Count what happens inside."""
        before, everything = time.thread_time(), time.process_time()
        yield
        self.seconds[name] += time.thread_time() - before  # type: ignore[assignment]
        self.process[name] += time.process_time() - everything  # type: ignore[assignment]


def run(folder: Path, lines: list[bytes], engine: Engine, stages: Stages) -> None:
    """Take lines through all stages."""
    journal, store = LocalJournal(folder / "journal.db"), LocalStore(folder / "events")
    with stages.stage("journal in"):
        for first in range(0, len(lines), SENT):
            journal.append(Batch("c", "city", EPOCH, first + 1, lines[first : first + SENT], to_text(now())))
    position = 0
    while True:
        with stages.stage("journal out, decode"):
            entries: list[Entry] = list(journal.read(position, BATCH))
        if not entries:
            break
        position = entries[-1].position + 1
        with stages.stage("normalise"):
            records = normalised(normalise, entries)
        with stages.stage("match"):
            hits = engine.judge(records)
        with stages.stage("conclude"):
            engine.conclude(records, hits)
        with stages.stage("pack only"):
            pack(records)
        with stages.stage("store, all"):
            store.add(records, Mark(position))
    journal.close()
    store.close()


def main() -> int:
    """Run and print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--mix", choices=sorted(MIXES), default="city")
    wanted = parser.parse_args()
    if not STREAM.exists() or not RULES.exists():
        sys.stderr.write(f"the corpora are missing at {STREAM.parent.parent}\n")
        return 3
    with tempfile.TemporaryDirectory(prefix="stages-") as name:
        folder = Path(name)
        unpack(RULES, folder / "sigma")
        places = [path for path in sorted((folder / "sigma").rglob("rules*")) if path.name in FOLDERS]
        engine = Engine(load_rules([*places, bundled.folder("rules")]))
        lines = list(events(wanted.mix, wanted.events * 2))
        run(folder / "first", lines[: wanted.events], engine, Stages())
        # As the server does once its rules and plans are there.
        gc.collect()
        gc.freeze()
        stages = Stages()
        run(folder / "second", lines[wanted.events :], engine, stages)
    for stage, seconds in stages.seconds.items():
        own, everything = (spent / wanted.events * 1e6 for spent in (seconds, stages.process[stage]))
        sys.stdout.write(f"{stage:<22} {own:7.1f} µs, all threads {everything:7.1f}\n")
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
