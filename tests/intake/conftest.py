"""A migrated database and an enrolled collector for each test."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from sentinel.audit import Audit
from sentinel.intake.enrolment import Enrolment
from sentinel.intake.identity import Identities
from sentinel.model.collector import Collector
from tests.database.fresh import empty, state
from tests.intake.examples import enrol


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Engine:
    return state(tmp_path_factory.mktemp("state"))


@pytest.fixture
def engine(shared: Engine) -> Engine:
    empty(shared)
    return shared


@pytest.fixture
def log(engine: Engine) -> Audit:
    return Audit(engine)


@pytest.fixture
def enrolment(engine: Engine, log: Audit) -> Enrolment:
    return Enrolment(engine, log)


@pytest.fixture
def identities(engine: Engine) -> Identities:
    return Identities(engine)


@pytest.fixture
def collector(enrolment: Enrolment, identities: Identities, tmp_path: Path) -> Collector:
    return identities.who(enrol(enrolment, "dept-a"))
