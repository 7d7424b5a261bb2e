"""The server is killed in the middle of correlations; the alerts are those of one that was never killed."""

from pathlib import Path

import pytest

from bench.correlation_kill import run


@pytest.mark.slow
@pytest.mark.trial
@pytest.mark.timeout(180)
@pytest.mark.parametrize("seed", range(1, 6))
def test_kills_in_the_middle_of_correlations_change_no_alert(seed: int, tmp_path: Path) -> None:
    killed, found, is_equal = run(seed, tmp_path)
    assert killed >= 2, "the server was hardly ever killed"
    assert found > 20, "there was nothing to lose"
    assert is_equal
