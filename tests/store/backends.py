"""The event stores that every test of the contract runs over: one line each."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest

from sentinel.database.connect import connect as open_database
from sentinel.database.storage_tables import intents, mark_changes, marks
from sentinel.database.tables import metadata
from sentinel.model.record import Record
from sentinel.store import Mark, Store
from sentinel.store.elastic.client import Connection, connect, hosts
from sentinel.store.elastic.store import ElasticStore
from sentinel.store.local import LocalStore

Open = Callable[[pytest.FixtureRequest, Path], Store]
"""Opens the store that keeps its events in the folder, or in a server of a fixture under a name made from it."""


class OwnElasticStore(ElasticStore):
    """A store with a database of its own, in streams of its own on a shared server; what is added is found at once."""

    def __init__(self, url: str, folder: Path) -> None:
        folder.mkdir(exist_ok=True)
        self._own = open_database(f"sqlite:///{folder}/state.db")
        metadata.create_all(self._own, tables=[marks, mark_changes, intents])
        namespace = hashlib.sha256(str(folder).encode()).hexdigest()[:16]
        super().__init__(
            connect(Connection(hosts=hosts(f"elastic+{url}"))), self._own, namespace=namespace, refresh=True
        )

    def close(self) -> None:
        super().close()
        self._own.dispose()


class ProjectedStore(LocalStore):
    """A store in which every segment has a projection at once."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, least_projected=1)

    def add(self, records: Sequence[Record], mark: Mark) -> int:
        new = super().add(records, mark)
        self.maintain()
        return new


def _elastic(server: str) -> Open:
    return lambda request, folder: OwnElasticStore(request.getfixturevalue(server).url, folder / "store")


BACKENDS: dict[str, Open] = {
    "local": lambda _request, folder: LocalStore(folder / "store"),
    "local-projected": lambda _request, folder: ProjectedStore(folder / "store"),
    "elastic-8.19": _elastic("elastic_8"),
    "elastic-9.1": _elastic("elastic_9"),
}
PARAMETERS = [name if name.startswith("local") else pytest.param(name, marks=pytest.mark.live) for name in BACKENDS]
"""The names, for fixtures: those that need a server are marked."""
