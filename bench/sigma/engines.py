"""The commands that are compared: Sentinel's and rsigma's, over one file."""

import shutil
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

HOW_TO_GET = "rsigma is not on PATH: `cargo install --locked rsigma@0.23.0`, or name it with --rsigma PATH"


@dataclass(frozen=True, slots=True)
class Engines:
    """How to call both."""

    rsigma: Path | None
    cache: Path
    """Folder for Sentinel's compiled rules."""

    @classmethod
    def found(cls, rsigma: Path | None, cache: Path) -> "Engines":
        """Return them, rsigma from PATH unless it is given, None where there is none."""
        on_path = shutil.which("rsigma")
        return cls(rsigma or (Path(on_path) if on_path else None), cache)

    def ours(self, file: Path, rules: Sequence[Path], *more: str) -> list[str]:
        """Return Sentinel's command over one file, in one process."""
        return [*scan([file], rules), "--jobs", "1", "--cache", str(self.cache), *more]

    def theirs(self, file: Path, rules: Path) -> list[str]:
        """Return rsigma's command over one file, at its best: routed by log source."""
        routed = ("-p", "sysmon", "--logsource-routing", "--event-logsource", "product=windows")
        events = ("-e", f"@{file}", "--input-format", "json")
        return [str(self.rsigma), "engine", "eval", "-r", str(rules), *routed, *events]

    def both(self, file: Path, rules: Path) -> dict[str, list[str]]:
        """Return the commands by the name of the engine; Sentinel's alone where rsigma is missing."""
        commands = {"Sentinel": self.ours(file, [rules])}
        if self.rsigma is not None:
            commands["rsigma"] = self.theirs(file, rules)
        return commands


def scan(paths: Sequence[Path], rules: Sequence[Path]) -> list[str]:
    """Return the command that scans files with rules and writes JSON."""
    beside = Path(sys.executable).with_name("sentinel")
    command = [str(beside), "scan"] if beside.exists() else [sys.executable, "-m", "sentinel.cli.scan"]
    return [*command, *map(str, paths), *(part for folder in rules for part in ("--rules", str(folder))), "--json"]
