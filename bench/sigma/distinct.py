"""Lane `distinct`: events of which no two share a text, so that remembering verdicts cannot help."""

from bench.sigma.measure import alternating
from bench.sigma.report import Section, goal
from bench.sigma.settings import Bench
from bench.sigma.stream import compared, times
from bench.sigma.unique import unique

EVENTS = 50_000
RATIO_GOAL = 0.7


def run(bench: Bench) -> Section:
    """Measure both engines on texts changed at the end, then on texts changed at the beginning."""
    (rules,) = bench.corpora.rules("rules")
    events = min(bench.limit or EVENTS, EVENTS)
    text = (
        f"What this is: {events:,} events taken evenly from the stream, and something of its own put behind every text "
        "of every event, except what says which kind of event it is (Channel, SourceName, EventType, EventID, levels) "
        "and times. No value comes twice, so a verdict that is remembered is never of use again; real events are "
        "nothing like that. The second table has it in front, where a rule that asks how a path ends still finds what "
        f"it looks for. Numbers that are no texts stay. Medians of {bench.repeat}.\n"
    )
    for is_in_front in (False, True):
        file = bench.work / f"distinct-{'front' if is_in_front else 'behind'}.ndjson"
        with file.open("wb") as out:
            out.writelines(unique(bench.corpora.spread_lines(events), is_in_front=is_in_front))
        found = alternating(bench.engines.both(file, rules), bench.repeat, bench.core, bench.work)
        text += f"\nSomething {'in front of' if is_in_front else 'behind'} every text:\n\n{compared(found, events)}"
        if "rsigma" in found:
            text += goal(f"at least {RATIO_GOAL} times as fast as rsigma", RATIO_GOAL.__le__, *times(found))
    return Section("Distinct values", text)
