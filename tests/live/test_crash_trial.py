"""Whoever dies, wherever: every acknowledged line is stored once, unchanged, and a fresh one still passes."""

import os
from contextlib import ExitStack
from pathlib import Path

import pytest

from bench.crash_trial.run import Runner
from tests.live.servers.fixtures import made

OURS = [("embedded", 1, 5), ("crew", 14, 2)]
ON_ENGINES = [("elastic", 12, 2), ("scaled", 16, 2)]
"""Configuration, first seed, how many: chosen so that everybody dies; `python -m bench.crash_trial` runs any others."""
if os.environ.get("CI"):
    OURS += [("embedded", 10, 5)]
    ON_ENGINES += [("scaled", 10, 2), ("elastic", 22, 2)]
GROUPS = [*OURS, *(pytest.param(*group, marks=pytest.mark.engines) for group in ON_ENGINES)]


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.trial
@pytest.mark.timeout(420)
@pytest.mark.parametrize(("configuration", "first", "trials"), GROUPS)
def test_what_was_acknowledged_is_stored_once_whoever_dies(
    configuration: str, first: int, trials: int, tmp_path: Path
) -> None:
    with ExitStack() as stack:
        runner = made(lambda: stack.enter_context(Runner(configuration, tmp_path)))
        results = [runner.run(seed) for seed in range(first, first + trials)]
    assert [result.verdict for result in results if not result.verdict.is_good] == []
    assert sum(sum(result.deaths.values()) for result in results) > 0, "nothing was ever killed"
    assert all(result.verdict.acknowledged > 100 for result in results)
