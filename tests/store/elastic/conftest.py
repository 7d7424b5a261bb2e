"""A migrated database, emptied before each test, and a fake Elasticsearch."""

from collections.abc import Iterator

import pytest

from tests.database.fixtures import engine, shared
from tests.store.elastic.fake import FakeElastic

__all__ = ["engine", "shared"]


@pytest.fixture
def fake() -> Iterator[FakeElastic]:
    with FakeElastic() as server:
        yield server
