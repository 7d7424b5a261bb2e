"""Which backends there are: every family by the scheme of its URL."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TypeVar

from sentinel import config
from sentinel.errors import InputError
from sentinel.journal import Journal
from sentinel.journal.local import LocalJournal
from sentinel.store import Store
from sentinel.store.local import LocalStore

T = TypeVar("T")

JOURNALS: dict[str, Callable[[Path, config.JournalSettings], Journal]] = {
    "local": lambda path, settings: LocalJournal(path, limit_bytes=settings.limit_mb * 1_000_000),
}
STORES: dict[str, Callable[[Path], Store]] = {"local": LocalStore}
COLUMN_STORES = frozenset({"local"})
"""Those that take records as columns, which workers then make."""


def backend(table: Mapping[str, T], setting: str, url: str) -> T:
    """Return what the scheme of `url` names; raise `InputError` listing what there is."""
    scheme = url.partition(":")[0]
    if scheme not in table:
        raise InputError(f"{setting}: unknown backend '{scheme}'; this version has: {', '.join(table)}")
    return table[scheme]
