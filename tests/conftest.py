"""What every test may use: the corpora beside the project, and nothing outside this machine."""

import logging
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests import secured, workers
from tests.live.servers.fixtures import elastic, elastic_8, elastic_9, kafka, postgres

__all__ = ["elastic", "elastic_8", "elastic_9", "kafka", "postgres"]

ROOT = Path(__file__).resolve().parent.parent
secured.mend()


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> workers.Lanes:
    """Say which worker runs which file."""
    return workers.Lanes(config, log)


@pytest.fixture(scope="session")
def root() -> Path:
    """Return the project's root folder."""
    return ROOT


@pytest.fixture(scope="session")
def corpora() -> Path:
    """Return the folder of real test corpora; skip where it is not there, fail where CI promises it."""
    folder = ROOT.parent / "shared" / "corpora"
    if folder.is_dir():
        return folder
    if os.environ.get("CI"):
        pytest.fail(f"the corpora are missing at {folder}")
    pytest.skip("the corpora (../shared/corpora) are not on this machine")


@pytest.fixture(autouse=True)
def _logging_as_before() -> Iterator[None]:
    """Take away the handlers that a command set up in this process: they write to streams that are gone."""
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield
    root.handlers[:], root.level = handlers, level
