"""Two cities: one that tests only read, built once, and a fresh one for tests that change something."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from sentinel.web.app import create_app
from tests.web import world as worlds
from tests.web.browser import Browsers, browsers
from tests.web.world import World


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    built = worlds.build(tmp_path_factory.mktemp("home"))
    yield built
    built.close()


@pytest.fixture(scope="session")
def readers(world: World) -> Iterator[Browsers]:
    with browsers(create_app(world.services)) as made:
        yield made


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[World]:
    built = worlds.build(tmp_path)
    yield built
    built.close()


@pytest.fixture
def actors(fresh: World) -> Iterator[Browsers]:
    with browsers(create_app(fresh.services)) as made:
        yield made
