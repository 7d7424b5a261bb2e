"""A database emptied before each test, and a stage on it."""

import pytest
from sqlalchemy import Engine

from tests.database.fixtures import engine, shared
from tests.playbooks.stage import Stage

__all__ = ["engine", "shared"]


@pytest.fixture
def stage(engine: Engine) -> Stage:
    return Stage(engine).furnish()
