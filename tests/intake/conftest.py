"""A migrated database and an enrolled collector for each test."""

from pathlib import Path

import pytest
from sqlalchemy import Engine

from sentinel.audit import Audit
from sentinel.intake.enrolment import Enrolment
from sentinel.intake.identity import Identities
from sentinel.model.collector import Collector
from tests.database.fixtures import engine, log, shared
from tests.intake.examples import enrol

__all__ = ["engine", "log", "shared"]


@pytest.fixture
def enrolment(engine: Engine, log: Audit) -> Enrolment:
    return Enrolment(engine, log)


@pytest.fixture
def identities(engine: Engine) -> Identities:
    return Identities(engine)


@pytest.fixture
def collector(enrolment: Enrolment, identities: Identities, tmp_path: Path) -> Collector:
    return identities.who(enrol(enrolment, "dept-a"))
