"""Lane `cold`: what a start costs with every SigmaHQ rule: without compiled rules, with them, after one change."""

import shutil
from dataclasses import replace
from pathlib import Path

from bench.sigma import measure
from bench.sigma.corpora import ALL_FOLDERS
from bench.sigma.measure import Run, medians
from bench.sigma.report import Section, goal, seconds, table
from bench.sigma.settings import Bench

COLD_GOAL, WARM_GOAL = 4.0, 0.5
CHANGED = "windows/process_creation/proc_creation_win_cmdkey_recon.yml"
"""Any rule would do."""


def run(bench: Bench) -> Section:
    """Measure the three starts."""
    # A copy, because one of its files is changed.
    base = bench.work / "changing"
    shutil.rmtree(base, ignore_errors=True)
    rules = [shutil.copytree(folder, base / folder.name) for folder in bench.corpora.rules(*ALL_FOLDERS)]
    file = bench.work / "empty.ndjson"
    file.write_bytes(b"")
    cache = bench.work / "cold-cache"
    command = replace(bench.engines, cache=cache).ours(file, rules, "--dataset", "windows.evtx")
    cold, warm, changed, undone = [], [], [], []
    for turn in range(bench.repeat):
        shutil.rmtree(cache, ignore_errors=True)
        cold.append(measure.run(command, bench.core, bench.work))
        warm.append(measure.run(command, bench.core, bench.work))
        _change(base / "rules" / CHANGED, turn)
        changed.append(measure.run(command, bench.core, bench.work))
        undone.append(measure.run(command, bench.core, bench.work))
    rows = [
        _row("nothing compiled", medians(cold)),
        _row("compiled rules in the cache", medians(warm)),
        _row("one rule file changed", medians(changed)),
        _row("the start after that", medians(undone)),
    ]
    files = sum(1 for folder in rules for _ in folder.rglob("*.yml"))
    text = (
        f"`sentinel scan` of an empty file with all {files:,} rule files of SigmaHQ's {len(rules)} folders "
        f"({', '.join(ALL_FOLDERS)}), whole commands on one core, medians of {bench.repeat}.\n\n"
    )
    text += table(("start", "wall s", "user s", "system s", "peak MB"), rows) + "\n"
    for name, limit, found in (("nothing compiled", COLD_GOAL, medians(cold)), ("cached", WARM_GOAL, medians(warm))):
        text += goal(f"{name}: under {limit} s", limit.__gt__, found.wall, found.processor)
    return Section("Start", text)


def _change(file: Path, turn: int) -> None:
    with file.open("a", encoding="utf-8") as stream:
        stream.write(f"# change {turn}\n")


def _row(name: str, run: Run) -> list[str]:
    return [name, seconds(run.wall), seconds(run.user), seconds(run.system), f"{run.memory:.0f}"]
