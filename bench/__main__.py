"""Runs every benchmark, one after the other: `python -m bench` (about two hours)."""

import subprocess
import sys

COMMANDS = (
    ["bench.collector_tail"],
    ["bench.store_local"],
    ["bench.whole_path", "--seconds", "300", "--rate", "10000", "--burst", "30000"],
    ["bench.whole_path", "--seconds", "60", "--rate", "10000", "--mix", "windows"],
    ["bench.stages"],
    ["bench.search", "--rows", "10000000"],
    ["bench.store_elastic", "--version", "8.19"],
    ["bench.store_elastic", "--version", "9.1"],
    ["bench.drain", "--hours", "0.25"],
    ["bench.workers"],
    ["bench.sigma"],
    ["bench.correlation"],
    ["bench.sigma_logs"],
    ["bench.correlation_kill", "--seeds", "5"],
    ["bench.kill_trial", "--seeds", "3"],
    ["bench.crash_trial", "--trials", "200"],
    ["bench.crash_trial", "--config", "elastic", "--trials", "20"],
    ["bench.crash_trial", "--config", "scaled", "--trials", "20"],
)


def main() -> int:
    """Run them with this Python; return 1 when one failed."""
    failed = 0
    for command in COMMANDS:
        sys.stdout.write(f"\n== python -m {' '.join(command)}\n")
        sys.stdout.flush()
        failed += subprocess.run([sys.executable, "-m", *command], check=False).returncode != 0
    return int(failed > 0)


if __name__ == "__main__":
    raise SystemExit(main())
