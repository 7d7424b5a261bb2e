"""Whoever dies, wherever: every acknowledged line is stored once, unchanged, and a fresh one still passes."""

import os
from pathlib import Path

import pytest

from bench.crash_trial.run import Runner

AT_ONCE = 5
TRIALS = 20 if os.environ.get("CI") else AT_ONCE
"""`python -m bench.crash_trial` runs as many more as one likes."""


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.trial
@pytest.mark.timeout(420)
@pytest.mark.parametrize("first", range(1, TRIALS + 1, AT_ONCE))
def test_what_was_acknowledged_is_stored_once_whoever_dies(first: int, tmp_path: Path) -> None:
    with Runner("embedded", tmp_path) as runner:
        results = [runner.run(seed) for seed in range(first, first + AT_ONCE)]
    assert [result.seed for result in results if not result.verdict.is_good] == []
    assert sum(sum(result.deaths.values()) for result in results) > 0, "nothing was ever killed"
    assert all(result.verdict.acknowledged > 100 for result in results)
