"""Collector and server are killed at random while lines are tailed; nothing is lost, nothing doubled."""

import os
from pathlib import Path

import pytest

from bench.kill_trial import run

LINES = 100_000
SEEDS = range(1, 6) if os.environ.get("CI") else range(1, 3)
"""More lines and more seeds: `python -m bench.kill_trial`; the way behind the collector: `bench.crash_trial`."""


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.trial
@pytest.mark.timeout(420)
@pytest.mark.parametrize("seed", SEEDS)
def test_every_line_is_stored_once_whoever_dies(seed: int, tmp_path: Path) -> None:
    trial, (lost, doubled, altered), _ = run(seed, LINES, tmp_path)
    assert trial.kills["server"] > 1, "the server was never killed while lines came in"
    assert trial.kills["collector"] > 1, "the collector was never killed while lines came in"
    assert (lost, doubled, altered) == (0, 0, 0)
