"""Lane `agreement`: the sieve, the index and what they remember find what a full scan finds, match for match."""

import json
import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from bench import sigma_logs
from bench.sigma.corpora import ALL_FOLDERS, STREAM_EVENTS
from bench.sigma.engines import scan
from bench.sigma.full_scan import Hit, full_scan
from bench.sigma.report import Section, table
from bench.sigma.settings import Bench
from sentinel.detect.cache import RuleCache
from sentinel.detect.engine import Engine
from sentinel.detect.ready import ready_rules

SHOWN = 20
"""Differences named in the report."""


@dataclass(frozen=True, slots=True)
class Compared:
    """What three ways of finding the same came to."""

    events: int
    hits: int
    differences: list[str]


def run(bench: Bench) -> Section:
    """Compare over every corpus."""
    rules = bench.corpora.rules(*ALL_FOLDERS)
    cache = bench.work / "cache"
    engine = engine_of(rules, cache)
    rows, differences = [], []
    for name, paths in _corpora(bench).items():
        sys.stderr.write(f"  {name}\n")
        found = compare(engine, paths, rules, cache, processes=os.cpu_count() or 1)
        rows.append([name, f"{found.events:,}", f"{found.hits:,}", str(len(found.differences))])
        differences += found.differences
    text = (
        "Each event is read by `Engine.full_scan`, which evaluates every rule of its log sources item by item, and "
        "the matches are compared, one by one and by number, with those of `sentinel scan --json` (sieve, index, "
        "remembered verdicts, all processors) and with those of the index without the sieve. "
        f"{len(engine.rules):,} rules.\n\n"
    )
    text += table(("corpus", "events", "hits", "differences"), rows) + "\n"
    text += "".join(f"- {each}\n" for each in differences[:SHOWN])
    return Section("Agreement with a full scan", text, is_right=not differences)


def _corpora(bench: Bench) -> dict[str, list[Path]]:
    logs = bench.work / "plain" / "logs"
    if not logs.is_dir():
        sigma_logs.unwrapped(logs)
    every = STREAM_EVENTS // bench.every if bench.every > 1 else 0
    groups = sigma_logs.groups(bench.work / "plain")
    return {
        "stream" if not every else f"stream, one event of {bench.every}": [bench.corpora.spread(every)],
        "EVTX archives": [bench.corpora.evtx],
        "SigmaHQ's regression data": [bench.corpora.regression],
        "log corpora": [path for paths in groups.values() for path in paths],
    }


def engine_of(rules: Sequence[Path], cache: Path) -> Engine:
    """Return an engine of our own with the rules that a scan uses."""
    kept = RuleCache(cache)
    rule_set = ready_rules(rules, kept)
    return Engine(rule_set, shelf=kept.shelf(rule_set))


def compare(engine: Engine, paths: Sequence[Path], rules: Sequence[Path], cache: Path, *, processes: int) -> Compared:
    """Return what a full scan, the index alone, and the command find in files, and where they differ."""
    slow = full_scan(engine, paths, processes)
    titles = {rule.id: rule.title for rule in engine.rules}
    fast = scanned(paths, rules, cache)
    differences = [
        *difference("index", slow.full, slow.indexed, titles),
        *difference("command", slow.full, fast, titles),
    ]
    return Compared(slow.events, slow.full.total(), differences)


def scanned(paths: Sequence[Path], rules: Sequence[Path], cache: Path, jobs: int = 0) -> Counter[Hit]:
    """Return what `sentinel scan` finds."""
    return Counter(hits(scan_output(paths, rules, cache, jobs).splitlines()))


def scan_output(paths: Sequence[Path], rules: Sequence[Path], cache: Path, jobs: int = 0) -> bytes:
    """Return what `sentinel scan` writes; raise RuntimeError where it fails."""
    command = [*scan(paths, rules), "--cache", str(cache), "--jobs", str(jobs)]
    done = subprocess.run(command, capture_output=True, check=False)
    if done.returncode not in (0, 1):
        raise RuntimeError(f"scan ended with {done.returncode}: {done.stderr[-800:].decode('utf-8', 'replace')}")
    return done.stdout


def hits(lines: Iterable[bytes]) -> Iterable[Hit]:
    """Yield the hits in what a scan has written."""
    for line in lines:
        found = json.loads(line)
        yield found["log"]["file"]["path"], found["event"]["sequence"], found["rule"]["id"]


def difference(name: str, full: Counter[Hit], fast: Counter[Hit], titles: dict[str, str]) -> list[str]:
    """Return a sentence for every hit that is not found as many times in both."""
    return [
        f"{name}: {titles.get(hit[2], hit[2])} in {Path(hit[0]).name}:{hit[1]}: "
        f"full scan {full[hit]}, found {fast[hit]}"
        for hit in sorted(full.keys() | fast.keys())
        if full[hit] != fast[hit]
    ]
