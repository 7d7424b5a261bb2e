"""Text and network logs of others through `sentinel scan` with all public rules: what is read, and what fires.

    python -m bench.sigma_logs

Every group of the log corpora is scanned by its own command. Lines that a corpus wraps into test descriptions
(fail2ban, Wazuh) are written out as plain logs first. Each pair of rule and file that fires must be in
`sigma_logs.yml`, where somebody has said what the log shows; the rest is listed as not looked at, and is a failure, as
is a scan that breaks.
"""

import argparse
import json
import re
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

import yaml

from bench.unpack import unpack

ROOT = Path(__file__).resolve().parent.parent
CORPORA = ROOT.parent / "shared" / "corpora"
LOOKED_AT = Path(__file__).with_suffix(".yml")
RULES = ("rules", "rules-emerging-threats", "rules-threat-hunting")
_TALLY = re.compile(r"(\d+) files, (\d+) events, (\d+) matches; (\d+) broken records, (\d+) unreadable files")
_UNKNOWN = re.compile(r"left out: (\d+) files that are no log we know")


@dataclass(slots=True)
class Outcome:
    """What the scan of one group came to."""

    files: int = 0
    events: int = 0
    broken: int = 0
    unknown: int = 0
    fired: Counter[tuple[str, str]] = field(default_factory=Counter)
    """Title of the rule and path of the log below the corpora, with the number of matches."""


def unwrapped(folder: Path) -> None:
    """Write the lines of fail2ban's and Wazuh's test descriptions as logs below `folder`."""
    for name, wrapped in (("fail2ban", _fail2ban()), ("wazuh", _wazuh())):
        (folder / name).mkdir(parents=True)
        for service, lines in wrapped:
            if any(lines):
                (folder / name / f"{service}.log").write_text("\n".join(lines) + "\n", "utf-8", "surrogateescape")


def _fail2ban() -> Iterator[tuple[str, list[str]]]:
    for path in sorted((CORPORA / "logs/fail2ban").glob("*.ndjson")):
        yield path.stem, [json.loads(line)["line"] for line in path.read_text("utf-8").splitlines()]


def _wazuh() -> Iterator[tuple[str, list[str]]]:
    for path in sorted((CORPORA / "logs/wazuh-ruleset-tests").glob("*.json")):
        if path.stem != "manifest":
            suites = json.loads(path.read_text("utf-8"))
            yield path.stem, [log["line"] for suite in suites for log in suite["logs"]]


def groups(work: Path) -> dict[str, list[Path]]:
    """Return the paths of every group of logs by its name."""
    found = {f"crowdsec {path.name}": [path] for path in sorted((CORPORA / "logs/crowdsec").iterdir()) if path.is_dir()}
    for name in ("auditd/auparse", "auth", "plaso", "security-datasets", "web"):
        found[name] = [CORPORA / "logs" / name]
    found |= {path.name: [path] for path in sorted((work / "logs").iterdir())}
    found["zeek, tabbed"] = sorted((CORPORA / "network/oracle").glob("*.zeek"))
    found["zeek, JSON"] = [CORPORA / "streams/zeek"]
    return found


def scan(paths: Iterable[Path], rules: Path, work: Path) -> Outcome:
    """Return what one `sentinel scan` says; raise RuntimeError where it fails."""
    options = [option for folder in RULES for option in ("--rules", str(rules / folder))]
    command = [str(ROOT / ".venv/bin/sentinel"), "scan", *map(str, paths), *options, "--json"]
    ended = subprocess.run(command, capture_output=True, text=True, errors="replace", check=False, cwd=ROOT)
    tally = _TALLY.search(ended.stderr)
    if ended.returncode not in (0, 1) or tally is None or "Traceback" in ended.stderr:
        raise RuntimeError(f"scan ended with {ended.returncode}: {ended.stderr[-800:]}")
    unknown = _UNKNOWN.search(ended.stderr)
    outcome = Outcome(int(tally[1]), int(tally[2]), int(tally[4]) + int(tally[5]), int(unknown[1]) if unknown else 0)
    for line in ended.stdout.splitlines():
        match = json.loads(line)
        outcome.fired[match["rule"]["name"], _place(Path(match["log"]["file"]["path"]), work)] += 1
    return outcome


def _place(path: Path, work: Path) -> str:
    base = CORPORA if path.is_relative_to(CORPORA) else work
    return path.relative_to(base).as_posix()


def looked_at() -> set[tuple[str, str]]:
    """Return the pairs of rule and log that somebody has judged."""
    return {(each["rule"], each["log"]) for each in yaml.safe_load(LOOKED_AT.read_text("utf-8"))["fires"]}


def run(rules: Path, work: Path) -> int:
    """Scan every group, print the tables, and return how many fires nobody has looked at."""
    unwrapped(work / "logs")
    fired: Counter[tuple[str, str]] = Counter()
    out = sys.stdout.write
    out(f"{'group':22} {'files':>6} {'events':>7} {'broken':>6} {'no log':>6} {'fires':>6}\n")
    for name, paths in groups(work).items():
        found = scan(paths, rules, work)
        fired += found.fired
        out(f"{name:22} {found.files:6} {found.events:7} {found.broken:6} {found.unknown:6} {found.fired.total():6}\n")
        sys.stdout.flush()
    out(f"\n{fired.total()} fires of {len({rule for rule, _ in fired})} rules:\n")
    judged = looked_at()
    for (rule, log), count in sorted(fired.items()):
        mark = " " if (rule, log) in judged else "?"
        out(f"{mark} {count:4}  {rule}  <-  {log}\n")
    unseen = set(fired) - judged
    out(f"\n{len(unseen)} pairs of rule and log that nobody has looked at\n")
    return len(unseen)


def main() -> int:
    """Run all; return 1 where a fire is not explained."""
    argparse.ArgumentParser(description=__doc__).parse_args()
    with tempfile.TemporaryDirectory(prefix="sigma-logs-") as folder:
        unpack(CORPORA / "sigma/sigma-rules.tar.gz", Path(folder) / "sigma")
        return int(run(Path(folder) / "sigma", Path(folder)) > 0)


if __name__ == "__main__":
    raise SystemExit(main())
