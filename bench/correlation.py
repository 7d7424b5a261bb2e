"""Correlations: matches judged in a second, as groups and values grow, and what the checkpoint costs.

    python -m bench.correlation --matches 100000

Hits go through `Correlator.see`, in order, in one thread; matching records is not counted. CPU time of the process,
medians of 5. `value_count` is run with ever more distinct values in one group: linear means the same time for each.
"""

import argparse
import gc
import random
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec

from sentinel.detect.correlate.correlator import Correlator
from sentinel.detect.correlate.hit import Hit
from sentinel.detect.rule import Correlation
from sentinel.model.match import Level, RuleInfo

ROUNDS = 5
GROUPS = 1_000
DISTINCT = (2_500, 5_000, 10_000, 20_000)
SPAN_SECONDS = 10
LATE_GROUP = 10_000
HELD = 200_000
BATCH = 5_000
START = 1_790_000_000_000_000
WHEN = "2026-11-23T08:00:00.000000Z"
LANES: dict[str, dict[str, object]] = {
    "event_count, fires at 10": {"kind": "event_count", "limits": (("gte", 10.0),)},
    "event_count, never fires": {"kind": "event_count", "limits": (("gte", 1_000.0),)},
    "value_count": {"kind": "value_count", "fields": ("user",), "limits": (("gte", 50.0),)},
    "temporal": {"kind": "temporal", "rules": ("a", "b", "c"), "limits": (("gte", 4.0),)},
    "temporal_ordered": {"kind": "temporal_ordered", "rules": ("a", "b", "c"), "limits": (("gte", 3.0),)},
    "value_sum": {"kind": "value_sum", "fields": ("rows",), "limits": (("gt", 1e12),)},
    "value_median": {"kind": "value_median", "fields": ("rows",), "limits": (("gt", 1e12),)},
}


def correlation(**options: object) -> Correlation:
    """Return a correlation by `ip` within five minutes."""
    given: dict[str, object] = {
        "info": RuleInfo("bench", "bench", Level.HIGH),
        "name": "bench",
        "path": Path("bench.yml"),
        "rules": ("a",),
        "span_seconds": 300,
        "group_by": ("ip",),
        "aliases": {},
    }
    return Correlation(**{**given, **options})  # type: ignore[arg-type]


def hits(
    count: int, groups: int, *, users: int = 1_000, rules: Sequence[str] = ("a",), apart: int = 1_000
) -> list[Hit]:
    """Return hits so many microseconds apart, groups and values drawn from a fixed seed."""
    chance = random.Random(4)
    found = []
    for number in range(count):
        at = START + number * apart
        user = number if users >= count else chance.randrange(users)
        rows = str(chance.randrange(9_999))
        fields = {"ip": f"10.0.{chance.randrange(groups)}.1", "user": f"user{user}", "rows": rows}
        found.append(Hit(chance.choice(rules), f"{number:040x}", WHEN, at, at + 400_000, "city", fields))
    return found


def median_seconds(work: Callable[[], object]) -> float:
    """Return the median CPU time of some rounds; `work` returns what is to be done, prepared."""
    taken = []
    for _ in range(ROUNDS):
        run = work()
        gc.collect()
        before = time.process_time()
        assert callable(run)
        run()
        taken.append(time.process_time() - before)
    return statistics.median(taken)


def rate(made: Correlation, given: Sequence[Hit], lateness_seconds: float = 0.0) -> float:
    """Return the seconds that hits take."""

    def prepared() -> Callable[[], None]:
        correlator = Correlator([made], lateness_seconds)

        def run() -> None:
            for hit in given:
                correlator.see(hit)

        return run

    return median_seconds(prepared)


def say(text: str) -> None:
    """Print a line at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def lanes(matches: int) -> None:
    """Print a line for each kind."""
    say(f"{matches:,} matches in {GROUPS:,} groups, one thread, CPU time, median of {ROUNDS}:")
    plain = hits(matches, GROUPS)
    for name, options in LANES.items():
        rules = options.get("rules", ("a",))
        assert isinstance(rules, tuple)
        given = plain if rules == ("a",) else hits(matches, GROUPS, rules=rules)
        seconds = rate(correlation(**options), given)
        say(f"  {name:28} {matches / seconds:10,.0f} matches/s   {seconds / matches * 1e6:5.1f} µs each")
    name = "event_count, held back 2 s"
    seconds = rate(correlation(**LANES["event_count, fires at 10"]), plain, 2.0)
    say(f"  {name:28} {matches / seconds:10,.0f} matches/s   {seconds / matches * 1e6:5.1f} µs each")


def distinct() -> None:
    """Print how the time for one match grows with the distinct values of a group."""
    say("value_count, one group, every value different, never fires:")
    for number in DISTINCT:
        given = hits(number * 2, 1, users=number * 2, apart=SPAN_SECONDS * 1_000_000 // number)
        made = correlation(kind="value_count", fields=("user",), limits=(("gte", 1e6),), span_seconds=SPAN_SECONDS)
        seconds = rate(made, given)
        say(f"  {number:7,} distinct in the window   {seconds / len(given) * 1e6:5.1f} µs each")


def disorder() -> None:
    """Print what matches cost that come late into one full group."""
    say(f"value_sum, one group, {LATE_GROUP:,} in the window, every second match late by so much, judged at once:")
    made = correlation(kind="value_sum", fields=("rows",), limits=(("gt", 1e12),), span_seconds=LATE_GROUP // 1_000)
    given = hits(LATE_GROUP * 2, 1)
    for late in (0.0, 0.01, 0.1, 1.0):
        moved = [
            msgspec.structs.replace(hit, at=hit.at - round(late * 1e6) * (number % 2))
            for number, hit in enumerate(given)
        ]
        seconds = rate(made, moved)
        say(f"  {late:5.2f} s   {seconds / len(given) * 1e6:8.1f} µs each")


def checkpoints() -> None:
    """Print what writing the state costs when it is big."""
    made = correlation(kind="event_count", limits=(("gte", 1_000.0),))
    correlator = Correlator([made])
    given = hits(HELD + ROUNDS * BATCH, 10_000)
    for hit in given[:HELD]:
        correlator.see(hit)
    before = time.process_time()
    state = correlator.dump()
    first, whole = time.process_time() - before, len(state)
    taken, changes = [], []
    for turn in range(ROUNDS):
        for hit in given[HELD + turn * BATCH : HELD + (turn + 1) * BATCH]:
            correlator.see(hit)
        before = time.process_time()
        change = correlator.changes() or correlator.dump()
        taken.append(time.process_time() - before)
        changes.append(len(change))
    state = correlator.dump()
    before = time.process_time()
    Correlator([made]).load(state)
    loaded = time.process_time() - before
    say(
        f"checkpoint of {correlator.held:,} held matches in 10,000 groups: {whole / 1e6:.1f} MB, "
        f"first {first * 1e3:.0f} ms, "
        f"after a batch of {BATCH:,} {statistics.median(changes) / 1e6:.2f} MB, "
        f"{statistics.median(taken) * 1e3:.0f} ms, restored in {loaded * 1e3:.0f} ms"
    )


def main() -> int:
    """Print all."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--matches", type=int, default=100_000)
    options = parser.parse_args()
    lanes(options.matches)
    distinct()
    disorder()
    checkpoints()
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
