"""A database emptied before each test, and a stage on it."""

import pytest
from sqlalchemy import Engine

from tests.database.fresh import empty, state
from tests.playbooks.stage import Stage


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return state(tmp_path_factory.mktemp("state"))


@pytest.fixture
def engine(shared: Engine) -> Engine:
    empty(shared)
    return shared


@pytest.fixture
def stage(engine: Engine) -> Stage:
    return Stage(engine).furnish()
