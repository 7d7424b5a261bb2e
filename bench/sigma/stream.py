"""Lane `stream`: whole commands over a stream of real Windows events, Sentinel beside rsigma."""

from collections.abc import Mapping

from bench.sigma.measure import Run, alternating
from bench.sigma.report import Section, goal, seconds, table
from bench.sigma.right import who_is_right
from bench.sigma.settings import Bench

HEAD = ("engine", "wall s", "user s", "system s", "events/s", "peak MB", "matches")
RATIO_GOAL, MEMORY_GOAL = 2.0, 400


def run(bench: Bench) -> Section:
    """Measure both."""
    file = bench.corpora.spread(bench.limit)
    (rules,) = bench.corpora.rules("rules")
    found = alternating(bench.engines.both(file, rules), bench.repeat, bench.core, bench.work)
    with file.open("rb") as stream:
        events = sum(1 for _ in stream)
    text = (
        f"{events:,} real Windows events ({file.stat().st_size / 1e6:,.0f} MB of JSON), the rules of SigmaHQ's rules "
        "folder. Whole commands on one core, start and output included, compiled rules in the cache; they take turns, "
        f"medians of {bench.repeat}.\n\n"
    )
    text += compared(found, events)
    if "rsigma" in found:
        if not bench.limit:
            text += who_is_right(bench, rules)
        text += goal(f"at least {RATIO_GOAL} times as fast as rsigma", RATIO_GOAL.__le__, *times(found))
    is_small = found["Sentinel"].memory < MEMORY_GOAL
    text += f"- Goal: under {MEMORY_GOAL} MB: {'met' if is_small else '**missed**'}.\n"
    return Section("Stream", text)


def compared(found: Mapping[str, Run], events: int) -> str:
    """Return the table of both engines, and how many times as fast ours is."""
    text = table(HEAD, (row(name, each, events) for name, each in found.items())) + "\n"
    if "rsigma" not in found:
        return text
    wall, processor = times(found)
    return text + f"Sentinel is **{wall:.2f} times** as fast by the clock, {processor:.2f} times by processor time.\n\n"


def row(name: str, run: Run, events: int) -> list[str]:
    """Return the figures of one engine."""
    times = (seconds(run.wall), seconds(run.user), seconds(run.system))
    return [name, *times, f"{events / run.wall:,.0f}", f"{run.memory:.0f}", f"{run.lines:,}"]


def times(found: Mapping[str, Run]) -> tuple[float, float]:
    """Return how many times as fast we are, by the clock and by processor time (user and system)."""
    ours, theirs = found["Sentinel"], found["rsigma"]
    return theirs.wall / ours.wall, theirs.processor / ours.processor
