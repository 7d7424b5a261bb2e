"""Lane `tenfold`: what ten times the rules cost on the same events."""

from bench.sigma.manifold import multiply
from bench.sigma.measure import alternating
from bench.sigma.report import Section, goal, seconds, table
from bench.sigma.settings import Bench

TIMES = 10
GROWTH_GOAL = 2.0
HEAD = ("engine", "rules once, wall s", "tenfold, wall s", "growth", "once, user s", "tenfold, user s", "growth")
MORE = ("peak MB once", "tenfold", "matches once", "tenfold")


def run(bench: Bench) -> Section:
    """Measure both engines with the set and with the larger set."""
    file = bench.corpora.spread(bench.limit)
    (rules,) = bench.corpora.rules("rules")
    more = bench.work / "tenfold"
    done = multiply(rules, more, TIMES)
    once, tenfold = bench.engines.both(file, rules), bench.engines.both(file, more)
    commands = {**once, **{f"{name} tenfold": command for name, command in tenfold.items()}}
    found = alternating(commands, bench.repeat, bench.core, bench.work)
    rows = []
    for name in once:
        few, many = found[name], found[f"{name} tenfold"]
        wall = (seconds(few.wall), seconds(many.wall), f"{many.wall / few.wall:.2f}")
        user = (seconds(few.user), seconds(many.user), f"{many.user / few.user:.2f}")
        rest = (f"{few.memory:.0f}", f"{many.memory:.0f}", f"{few.lines:,}", f"{many.lines:,}")
        rows.append([name, *wall, *user, *rest])
    text = (
        f"The same events and commands as in the stream lane, with {done.rules:,} rules: every file holds its rule and "
        f"{TIMES - 1} copies with other ids, in whose literals of four characters or more something is put in, so that "
        f"they match nothing and cost as much. {done.unchanged} rules seek no such literal, or only what says which "
        f"events they are about: their copies differ by id alone and fire with them. Medians of {bench.repeat}.\n\n"
    )
    text += table((*HEAD, *MORE), rows) + "\n"
    few, many = found["Sentinel"], found["Sentinel tenfold"]
    growth = (many.wall / few.wall, many.processor / few.processor)
    text += goal(f"{TIMES} times the rules under {GROWTH_GOAL} times the time", GROWTH_GOAL.__gt__, *growth)
    return Section("Ten times the rules", text)
