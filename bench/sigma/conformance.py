"""Lane `conformance`: SigmaHQ's own samples, and what two independent engines find in attacks on record."""

import json
from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any

from bench.sigma.agreement import hits, scan_output
from bench.sigma.corpora import JUDGED_FOLDERS, STREAM_EVENTS, STREAM_INDEX, Corpora
from bench.sigma.explained import Explained, explained
from bench.sigma.full_scan import Hit
from bench.sigma.judge import Difference, Judgement, judge
from bench.sigma.report import Section, table
from bench.sigma.settings import Bench

HEAD = (
    *("corpus", "expected pairs found", "missed", "same number of events", "possible pairs found"),
    *("differences", "without explanation"),
)


def run(bench: Bench) -> Section:
    """Score all three corpora."""
    known = explained()
    cache = bench.work / "cache"
    rules = bench.corpora.rules(*JUDGED_FOLDERS)

    def found(path: Path) -> list[Hit]:
        return list(hits(scan_output([path], rules, cache).splitlines()))

    samples, failures = regression(bench.corpora.base, found(bench.corpora.regression))
    judged = {
        "EVTX archives": evtx(bench.corpora, found(bench.corpora.evtx), known),
        "stream": stream(bench.corpora, found(bench.corpora.stream), known),
    }
    differences = [each for one in judged.values() for each in one.differences]
    unexplained = [each for one in judged.values() for each in one.unexplained]
    text = (
        f"Rules: SigmaHQ's folders {', '.join(JUDGED_FOLDERS)}.\n\n"
        "SigmaHQ's own samples, each with the rule it was recorded for:\n\n"
        + table(("format", "rules that fire", "samples"), samples)
        + "".join(f"- **missed**: {each}\n" for each in failures)
        + "\nPairs of a rule and a file (or segment of the stream) that both independent engines have (expected), or "
        "one of them (possible); a pair in neither list is a difference:\n\n"
        + table(HEAD, map(_row, judged, judged.values()))
        + _explanations(differences, known)
        + "".join(f"- **not explained**: {each.rule} in {each.place} {each.what}\n" for each in unexplained)
    )
    return Section("Conformance", text, is_right=not (unexplained or failures))


def _row(name: str, found: Judgement) -> list[str]:
    numbers = (found.missed, found.equal, found.possible, len(found.differences), len(found.unexplained))
    return [name, f"{found.found} of {found.found + found.missed}", *map(str, numbers)]


def _explanations(differences: Iterable[Difference], known: Explained) -> str:
    """Return every explained difference under its cause."""
    by_cause: dict[str, list[str]] = defaultdict(list)
    for each in differences:
        if each.explanation is not None:
            where = f"{each.rule}, in {Path(each.place).name}, {each.what}"
            by_cause[each.explanation.cause].append(f"- {each.explanation.verdict}: {where}: {each.explanation.hit}\n")
    return "".join(
        f"\nCause `{cause}`. {known.causes[cause]}\n\n{''.join(lines)}" for cause, lines in sorted(by_cause.items())
    )


def regression(base: Path, found: Iterable[Hit]) -> tuple[list[list[str]], list[str]]:
    """Return a row for each format of sample, and the samples on which their rule does not fire."""
    fired = Counter((Path(path).resolve(), rule) for path, _, rule in found)
    good: Counter[str] = Counter()
    every: Counter[str] = Counter()
    failures = []
    for entry in json.loads((base / "sigma/regression-manifest.json").read_text("utf-8")):
        for sample in entry["samples"]:
            kind, least = sample["format"], sample.get("expected_min_matches")
            if not least:
                continue
            every[kind] += 1
            if fired[(base / sample["path"]).resolve(), entry["rule_id"]] >= least:
                good[kind] += 1
            else:
                failures.append(f"{entry['rule_title']} on {sample['path']}")
    return [[kind, str(good[kind]), str(every[kind])] for kind in sorted(every)], failures


def evtx(corpora: Corpora, found: Iterable[Hit], known: Explained, members: Collection[str] = ()) -> Judgement:
    """Return how the matches in the EVTX archives (or in some members of them) compare."""
    entries = []
    for entry in json.loads((corpora.base / "evtx/manifest.json").read_text("utf-8")):
        place = f"{Path(entry['archive']).name}/{entry['member']}"
        if not members or place in members:
            entries.append((place, entry))
    fired = _by_place((Path(path).relative_to(corpora.evtx).as_posix(), line, rule) for path, line, rule in found)
    return judge("evtx", fired, entries, known)


def stream(corpora: Corpora, found: Iterable[Hit], known: Explained, events: int = STREAM_EVENTS) -> Judgement:
    """Return how the matches in the stream (in the segments among its first `events`) compare, one by one."""
    index: dict[str, Any] = json.loads((corpora.base / STREAM_INDEX).read_text("utf-8"))
    segments = [each for each in index["segments"] if each["last_line"] <= events]
    starts = [each["first_line"] for each in segments]
    fired = _by_place((segments[bisect_right(starts, line) - 1]["member"], line, rule) for _, line, rule in found)
    return judge("stream", fired, [(each["member"], each) for each in segments], known)


def _by_place(found: Iterable[Hit]) -> dict[tuple[str, str], list[int]]:
    fired: dict[tuple[str, str], list[int]] = defaultdict(list)
    for place, line, rule in found:
        fired[place, rule].append(line)
    return fired
