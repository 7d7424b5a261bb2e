"""Which backends there are: every family by the scheme of its URL."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from sentinel.errors import InputError
from sentinel.journal import Journal
from sentinel.journal.local import LocalJournal
from sentinel.store import Store
from sentinel.store.local import LocalStore

if TYPE_CHECKING:
    from sentinel.wiring.foundation import Foundation

T = TypeVar("T")

JOURNALS: "dict[str, Callable[[Foundation], Journal]]" = {
    "local": lambda home: LocalJournal(
        home.place(home.settings.journal.url), limit_bytes=home.settings.journal.limit_mb * 1_000_000
    ),
    "kafka": lambda home: home.brokers.journal,
}
STORES: dict[str, Callable[[Path], Store]] = {"local": LocalStore}
SHARED = ("kafka", "elastic", "postgresql")
"""Schemes of backends that any number of processes may use at once."""


def backend(table: Mapping[str, T], setting: str, url: str) -> T:
    """Return what the scheme of `url` names; raise `InputError` listing what there is."""
    scheme = url.partition(":")[0]
    if scheme not in table:
        raise InputError(f"{setting}: unknown backend '{scheme}'; this version has: {', '.join(table)}")
    return table[scheme]
