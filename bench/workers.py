"""How many events a second go from the journal to the store with the public Sigma rules, with and without workers.

    python -m bench.workers --events 30000 --workers 0 1 2

Real Windows events (`../shared/corpora/streams`), all SigmaHQ rules (`../shared/corpora/sigma`), embedded default:
journal, normalise, detect, alerts, store. The first 10,000 events are not timed. Prints wall time, the processor time
of the server (of the workers: with their start), and what was found, which must not differ.
"""

import argparse
import gzip
import resource
import sys
import tempfile
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from bench.unpack import unpack
from sentinel.cli.init import create
from sentinel.event import Event, encode
from sentinel.journal import Batch
from sentinel.model.moment import now, to_text
from sentinel.wiring import open_home

CORPORA = Path(__file__).resolve().parent.parent.parent / "shared" / "corpora"
STREAM = CORPORA / "streams" / "windows-security-datasets.ndjson.gz"
RULES = CORPORA / "sigma" / "sigma-rules.tar.gz"
FOLDERS = ("rules", "rules-emerging-threats", "rules-threat-hunting")
BATCH = 5_000
EPOCH = "0123456789abcdef"


def lines(count: int) -> Iterator[bytes]:
    """Yield encoded events of the stream, taken evenly from all of it."""
    seen = now()
    with gzip.open(STREAM, "rt", encoding="utf-8") as stream:
        for raw in islice(stream, 0, None, max(1, 149_955 // count)):
            yield encode(
                Event(
                    collector="", epoch="", sequence=0, dataset="windows.evtx", host="h", seen_at=seen,
                    raw=raw.rstrip("\n"),
                )
            )  # fmt: skip


def measure(folder: Path, rules: list[Path], workers: int, events: list[bytes]) -> str:
    """Run once in a new home; return a line of figures."""
    create(folder, host="127.0.0.1", port=1, names=["localhost"], administrator="admin")
    listed = ", ".join(f'"{path}"' for path in rules)
    settings = folder / "sentinel.toml"
    text = settings.read_text("utf-8")
    settings.write_text(f"{text}\n[content]\nrules = [{listed}]\n\n[pipeline]\nworkers = {workers}\n", "utf-8")
    home = open_home(folder)
    home.agencies.load_bundled()
    for first in range(0, len(events), BATCH):
        home.journal.append(Batch("c", "city", EPOCH, first + 1, events[first : first + BATCH], to_text(now())))
    pipeline = home.pipeline
    # Plans for each kind of event are made when the first comes, and kept on disk: that is no part of the pace.
    pipeline.step(BATCH)
    pipeline.step(BATCH)
    home.settle()
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    start, processor = time.perf_counter(), time.process_time()
    while pipeline.step():
        pass
    wall, processor = time.perf_counter() - start, time.process_time() - processor
    found = pipeline.statistics
    alerts = home.alerts.find(frozenset({"city"}), limit=0).total
    home.close()
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    theirs = after.ru_utime + after.ru_stime - children.ru_utime - children.ru_stime
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    count = len(events) - 2 * BATCH
    return (
        f"workers {workers}: {count / wall:8,.0f} events/s by the clock, server {processor:5.1f} s, workers "
        f"{theirs:5.1f} s of processor, peak {memory:,.0f} MB; {found['stored']} stored, {found['matches']} matches, "
        f"{alerts} alerts"
    )


def main() -> int:
    """Measure each number of workers and print a line for it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--events", type=int, default=40_000)
    parser.add_argument("--workers", type=int, nargs="+", default=[0, 1, 2])
    options = parser.parse_args()
    if not STREAM.exists() or not RULES.exists():
        sys.stderr.write(f"the corpora are missing at {CORPORA}\n")
        return 3
    events = list(lines(options.events))[: options.events]
    with tempfile.TemporaryDirectory(prefix="workers-") as folder:
        unpack(RULES, Path(folder) / "sigma")
        places = sorted(path for path in (Path(folder) / "sigma").rglob("rules*") if path.name in FOLDERS)
        for workers in options.workers:
            sys.stdout.write(measure(Path(folder) / f"home{workers}", places, workers, events) + "\n")
            sys.stdout.flush()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
