"""The event stores that every test of the contract runs over: one line each."""

from collections.abc import Callable
from pathlib import Path

import pytest

from sentinel.store import Store
from sentinel.store.local import LocalStore

Open = Callable[[pytest.FixtureRequest, Path], Store]
"""Opens the store that keeps its events in the folder, or in a server of a fixture under a name made from it."""

BACKENDS: dict[str, Open] = {
    "local": lambda _request, folder: LocalStore(folder / "store"),
}
