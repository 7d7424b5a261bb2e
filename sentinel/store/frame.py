"""A block of records on its way between two of our own processes; light to import, unlike what makes it."""

from typing import Any

import msgspec


class Frame(msgspec.Struct, array_like=True):
    """Records as columns, see `sentinel.store.packed`."""

    columns: memoryview
    """Arrow's stream format (columnar.html, IPC streaming format): the columns and the hashes of the ids."""
    misfits: list[str]
    first_at: str
    last_at: str
    datasets: list[str] | None
    agencies: list[str] | None
    whole: dict[int, dict[str, Any]]
    """Records that are looked at by whoever gets them: place to fields."""
