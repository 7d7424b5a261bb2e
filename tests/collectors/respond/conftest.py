"""Limits on a folder of the test's own."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from collectors.respond.executor import Task
from collectors.respond.limits import Limits
from tests.collectors.respond.hands import Settings

MakeTask = Callable[..., Task]


@pytest.fixture
def limits(tmp_path: Path) -> Limits:
    return Limits.of(
        Settings(never_touch=("10.0.0.0/8", "/srv/kept", "keeper")), tmp_path / "home", "https://127.0.0.1"
    )


@pytest.fixture
def task() -> MakeTask:
    def make(action: str, *, seconds: float = 600, effect: str = "e" * 64, **arguments: object) -> Task:
        now = datetime.now(UTC)
        undo_at = now + timedelta(seconds=seconds)
        return Task(effect=effect, action=action, arguments=arguments, undo_at=undo_at, now=now)

    return make
