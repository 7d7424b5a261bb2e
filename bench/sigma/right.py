"""Where two engines find different numbers of matches in the stream: which of them finds what the corpora expect."""

import json
import re
from collections import Counter
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from bench.sigma.corpora import STREAM_INDEX
from bench.sigma.explained import explained
from bench.sigma.measure import output_of
from bench.sigma.report import table
from bench.sigma.settings import Bench

SHOWN = 5
_ID = re.compile(r"^id:\s*([0-9a-fA-F-]{36})", re.MULTILINE)
Counts = dict[str, Counter[str]]


def who_is_right(bench: Bench, rules: Path) -> str:
    """Return how many rules each engine has right, and where it is most wrong, from what both wrote last."""
    found: Counts = {
        "Sentinel": _counted(output_of("Sentinel", bench.work), lambda match: str(match["rule"]["id"])),
        "rsigma": _counted(output_of("rsigma", bench.work), lambda match: str(match["rule_id"])),
    }
    titles = {each["rule_id"]: each["rule_title"] for each in _lines(output_of("rsigma", bench.work))}
    ours = {each["rule"]["id"]: each["rule"]["name"] for each in _lines(output_of("Sentinel", bench.work))}
    titles.update(ours)
    least, most = _expected(json.loads((bench.corpora.base / STREAM_INDEX).read_text("utf-8"))["segments"])
    used = {rule for path in rules.rglob("*.yml") for rule in _ID.findall(path.read_text("utf-8"))}
    fired = sorted(rule for rule in used if any(counts[rule] for counts in (*found.values(), least)))
    rows, worst = [], []
    for name, counts in found.items():
        off = {rule: max(least[rule] - counts[rule], counts[rule] - most[rule], 0) for rule in fired}
        wrong = sorted((rule for rule in fired if off[rule]), key=lambda rule: -off[rule])
        missing = sum(max(least[rule] - counts[rule], 0) for rule in wrong)
        rows.append([name, str(len(fired) - len(wrong)), str(len(wrong)), f"{missing:,}"])
        rows[-1].append(f"{sum(off.values()) - missing:,}")
        worst += [
            f"- {name}: {titles.get(rule, rule)}: {counts[rule]} matches, expected {_span(least[rule], most[rule])}\n"
            for rule in wrong[:SHOWN]
        ]
    return (
        f"{len(fired)} rules fire. Number of matches expected of each: that of the two independent engines of the "
        "corpora, and up to so many more as only one of them has, or as are explained under conformance (Security 4688 "
        "counts as the start of a process there, as in SigmaHQ's own mapping):\n\n"
        + table(("engine", "rules right", "rules wrong", "matches missed", "matches too many"), rows)
        + "\n"
        + "".join(worst)
        + "\n"
    )


def _expected(segments: Iterable[dict[str, Any]]) -> tuple[Counter[str], Counter[str]]:
    """Return the least and the most matches of every rule."""
    least: Counter[str] = Counter()
    most: Counter[str] = Counter()
    for segment in segments:
        for each in segment["expected_rules"]:
            least[each["rule_id"]] += each["min_events"]
            most[each["rule_id"]] += each["max_events"]
        for each in segment["possible_rules"]:
            most[each["rule_id"]] += max(each["events_pysigma_ast"], each["events_zircolite"])
    for (corpus, _, rule), explanation in explained().matches.items():
        if corpus == "stream":
            most[rule] += len(explanation.lines)
    return least, most


def _counted(output: Path, rule: Callable[[dict[str, Any]], str]) -> Counter[str]:
    return Counter(map(rule, _lines(output)))


def _lines(output: Path) -> Iterable[dict[str, Any]]:
    return map(json.loads, output.read_bytes().splitlines())


def _span(least: int, most: int) -> str:
    return str(least) if least == most else f"{least} to {most}"
