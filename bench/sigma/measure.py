"""Whole commands measured side by side: one core, alternating, medians."""

import json
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

CHILD = Path(__file__).with_name("child.py")
DONE = (0, 1)
"""Exit codes of an engine that did its work; 1 says that something fired."""


@dataclass(frozen=True, slots=True)
class Run:
    """What one run of a command took, or the medians of several."""

    wall: float
    user: float
    system: float
    memory: float
    """Peak, in MB."""
    lines: int
    """Lines on standard output: matches."""

    @property
    def processor(self) -> float:
        """Seconds of the processor, ours and the kernel's."""
        return self.user + self.system


def output_of(name: str, work: Path) -> Path:
    """Return the file that holds what a command wrote last."""
    return work / f"{name}.out"


def run(command: Sequence[str], core: int, work: Path, name: str = "command") -> Run:
    """Run a command on one core; raise RuntimeError where it fails."""
    output, errors = output_of(name, work), work / "stderr"
    child = [sys.executable, "-I", str(CHILD), str(core), str(output), str(errors), *command]
    said = subprocess.run(child, capture_output=True, check=True)
    wall, user, system, memory, code = json.loads(said.stdout)
    if code not in DONE:
        tail = errors.read_text("utf-8", "replace")[-800:]
        raise RuntimeError(f"{Path(command[0]).name} ended with {code}: {tail}")
    with output.open("rb") as stream:
        lines = sum(block.count(b"\n") for block in iter(lambda: stream.read(1 << 20), b""))
    return Run(wall, user, system, memory / 1024, lines)


def alternating(commands: Mapping[str, Sequence[str]], repeat: int, core: int, work: Path) -> dict[str, Run]:
    """Return the medians of every command: each has one run that is not counted, then all take turns."""
    runs: dict[str, list[Run]] = {name: [] for name in commands}
    for turn in range(repeat + 1):
        for name, command in commands.items():
            found = run(command, core, work, name)
            sys.stderr.write(
                f"  {name}: {found.wall:.2f} s, {found.user:.2f} s user{'' if turn else ' (warming up)'}\n"
            )
            if turn:
                runs[name].append(found)
    return {name: medians(each) for name, each in runs.items()}


def medians(runs: Sequence[Run]) -> Run:
    """Return the median of every figure; raise RuntimeError where the output was not always the same."""
    if len({each.lines for each in runs}) > 1:
        raise RuntimeError(f"the number of matches differs from run to run: {sorted({each.lines for each in runs})}")
    return Run(
        statistics.median(each.wall for each in runs),
        statistics.median(each.user for each in runs),
        statistics.median(each.system for each in runs),
        statistics.median(each.memory for each in runs),
        runs[0].lines,
    )
