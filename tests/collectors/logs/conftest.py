"""Fixtures of the rotation matrix."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.collectors.logs.hand import Tail


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "auth.log"


@pytest.fixture
def tail(log: Path) -> Iterator[Tail]:
    tail = Tail(log)
    yield tail
    tail.input.close()
