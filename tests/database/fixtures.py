"""Fixtures of a migrated database, emptied before each test."""

from collections.abc import Iterator

import pytest
from sqlalchemy import Engine

from sentinel.audit import Audit
from tests.database.fresh import empty, state


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Engine]:
    engine = state(tmp_path_factory.mktemp("state"))
    yield engine
    engine.dispose()


@pytest.fixture
def engine(shared: Engine) -> Engine:
    empty(shared)
    return shared


@pytest.fixture
def log(engine: Engine) -> Audit:
    return Audit(engine)
