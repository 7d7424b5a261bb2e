"""Sentinel's Sigma engine measured and checked on public rules and real events; the report is Markdown.

Lanes, all of them unless some are named:

  stream       whole commands side by side with rsigma on 149,955 real Windows events
  cold         the start with every SigmaHQ rule: nothing compiled, from the cache, after one change
  tenfold      ten times the rules on the same events, both engines
  distinct     events of which no two share a text, so that remembering verdicts cannot help, both engines
  agreement    every event of every corpus by a full scan and by `sentinel scan`: the matches must be the same
  conformance  SigmaHQ's samples, and attacks on record that two independent engines have judged

Commands are pinned to one core, take turns, and run with warm caches; figures are medians. rsigma is optional:
`cargo install --locked rsigma@0.23.0`. Ends with 1 where a match is wrong or a difference is not explained, never for
being slow.
"""

import argparse
import os
import platform
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

from bench.sigma import agreement, cold, conformance, distinct, stream, tenfold
from bench.sigma.corpora import CORPORA, Corpora
from bench.sigma.engines import HOW_TO_GET, Engines
from bench.sigma.report import Section
from bench.sigma.settings import Bench

LANES: dict[str, Callable[[Bench], Section]] = {
    "stream": stream.run,
    "cold": cold.run,
    "tenfold": tenfold.run,
    "distinct": distinct.run,
    "agreement": agreement.run,
    "conformance": conformance.run,
}
EXAMPLES = """\
examples:
  python -m bench.sigma                                    everything, ten minutes or more
  python -m bench.sigma stream --rsigma ~/.cargo/bin/rsigma
  python -m bench.sigma stream cold --repeat 1 --limit 20000    a first look
  python -m bench.sigma agreement --every 10               a tenth of the stream, and all other corpora
"""


def main() -> int:
    """Run the lanes and print the report."""
    options = _options()
    if not CORPORA.is_dir():
        sys.stderr.write(f"the corpora are missing at {CORPORA}\n")
        return 3
    with tempfile.TemporaryDirectory(prefix="bench-sigma-") as folder:
        work = options.work or Path(folder)
        work.mkdir(parents=True, exist_ok=True)
        engines = Engines.found(options.rsigma, work / "cache")
        bench = Bench(work, Corpora(work), engines, options.core, options.repeat, options.limit, options.every)
        return _report(bench, options.lanes or list(LANES))


def _report(bench: Bench, lanes: list[str]) -> int:
    say = sys.stdout.write
    say(f"# Sigma benchmark\n\n{_machine(bench)}")
    is_right = True
    for lane in lanes:
        load, start = os.getloadavg()[0], datetime.now(UTC)
        sys.stderr.write(f"{lane}, from {start:%H:%M:%S}\n")
        section = LANES[lane](bench)
        minutes = (datetime.now(UTC) - start).total_seconds() / 60
        say(f"\n## {section.title}\n\n{section.text}\n")
        say(f"(`python -m bench.sigma {lane}`, {minutes:.1f} minutes; load of the machine before: {load:.1f})\n")
        sys.stdout.flush()
        is_right &= section.is_right
    return int(not is_right)


def _machine(bench: Bench) -> str:
    cores = os.cpu_count() or 1
    text = (
        f"Made by `python -m bench.sigma` at {datetime.now(UTC):%Y-%m-%d %H:%M} UTC on {platform.system()} "
        f"{platform.machine()} with {cores} cores, Python {platform.python_version()}. Commands that are timed run "
        f"on core {bench.core} alone. Figures move with the machine: compare, do not quote. The load before each lane "
        "says how much others were using the machine; near the number of cores, the clock measured them too, and "
        "processor time is the better figure.\n"
    )
    return text if bench.engines.rsigma else f"{text}\n{HOW_TO_GET}.\n"


def _options() -> argparse.Namespace:
    shape = argparse.RawDescriptionHelpFormatter
    parser = argparse.ArgumentParser(
        "python -m bench.sigma", description=__doc__, epilog=EXAMPLES, formatter_class=shape
    )
    parser.add_argument("lanes", metavar="LANE", nargs="*", help="what to run; everything if nothing is named")
    parser.add_argument("--repeat", type=int, default=5, help="runs of each command (5)")
    parser.add_argument("--limit", type=int, default=0, help="events of the stream to use for speed; 0 for all (0)")
    parser.add_argument("--every", type=int, default=1, help="agreement looks at one of so many events (1)")
    parser.add_argument("--rsigma", type=Path, help="the program to compare with (rsigma on PATH)")
    last = max(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 0
    parser.add_argument("--core", type=int, default=last, help=f"the core that timed commands run on ({last})")
    parser.add_argument("--work", type=Path, help="folder for what is unpacked, kept afterwards (a temporary one)")
    options = parser.parse_args()
    unknown = [lane for lane in options.lanes if lane not in LANES]
    if unknown:
        parser.error(f"there is no lane {', '.join(unknown)}; there are {', '.join(LANES)}")
    if options.repeat < 1 or options.every < 1 or options.limit < 0:
        parser.error("--repeat and --every begin at 1, --limit at 0")
    if options.rsigma and not options.rsigma.is_file():
        parser.error(f"{options.rsigma}: there is no such program; {HOW_TO_GET}")
    return options


if __name__ == "__main__":
    raise SystemExit(main())
