"""Run crash trials: `python -m bench.crash_trial --config embedded --trials 200 --seed 1`."""

import argparse
import signal
import sys
import tempfile
from pathlib import Path

from bench.crash_trial.engines import CONFIGURATIONS
from bench.crash_trial.run import Runner
from bench.crash_trial.trial import TrialError


def main() -> int:
    """Run the trials and print a line each; return 1 when a promise was broken, or something never came back."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--config", choices=sorted(CONFIGURATIONS), default="embedded")
    parser.add_argument("--trials", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1, help="of the first trial; the next has the next")
    options = parser.parse_args()
    # Told to stop, it unmounts its disk and ends its servers as at its end.
    signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))  # noqa: ARG005
    bad = 0
    with tempfile.TemporaryDirectory(prefix="crash-trial-") as folder, Runner(options.config, Path(folder)) as runner:
        for seed in range(options.seed, options.seed + options.trials):
            try:
                result = runner.run(seed)
            except TrialError as error:
                bad += 1
                sys.stdout.write(f"seed {seed}: {error}\n")
                continue
            verdict = result.verdict
            bad += not verdict.is_good
            deaths = ", ".join(f"{name} {count}" for name, count in result.deaths.items()) or "none"
            sys.stdout.write(
                f"seed {seed}: {verdict.issued} issued, {verdict.acknowledged} acknowledged, killed: {deaths} "
                f"({result.at_points} at a point), lost {verdict.lost}, doubled {verdict.doubled}, "
                f"foreign {verdict.foreign}, {result.seconds:.0f} s\n"
            )
            sys.stdout.flush()
    sys.stdout.write(f"{options.trials} trials, {bad} bad\n")
    return int(bad > 0)


if __name__ == "__main__":
    raise SystemExit(main())
