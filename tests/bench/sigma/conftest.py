"""The public corpora and rules, for the checks that `bench.sigma` makes."""

from pathlib import Path

import pytest

from bench.sigma.corpora import JUDGED_FOLDERS, Corpora
from bench.sigma.explained import Explained, explained


@pytest.fixture(scope="session")
def public(corpora: Path, tmp_path_factory: pytest.TempPathFactory) -> Corpora:
    """Return the corpora, unpacked into a folder of this session."""
    return Corpora(tmp_path_factory.mktemp("bench-sigma"), corpora)


@pytest.fixture(scope="session")
def judged(public: Corpora) -> list[Path]:
    """Return the rule folders that the independent engines were given."""
    return public.rules(*JUDGED_FOLDERS)


@pytest.fixture(scope="session")
def known() -> Explained:
    """Return the differences that somebody has explained."""
    return explained()
