"""Which backends there are: every family by the scheme of its URL."""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, TypeVar

from sentinel.errors import InputError
from sentinel.journal import Journal
from sentinel.journal.local import LocalJournal
from sentinel.quarantine.rows import QuarantineRows
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


def _elastic_store(home: "Foundation") -> Store:
    # Not everyone has the client installed, and it is slow to import.
    from sentinel.store.elastic.client import Connection, connect, hosts
    from sentinel.store.elastic.store import ElasticStore

    settings, keys = home.settings.store, home.path / "keys"
    connection = Connection(
        hosts=hosts(settings.url),
        ca=keys / settings.ca_file if settings.ca_file else None,
        user=settings.user,
        secret=keys / settings.secret_file if settings.secret_file else None,
    )
    rows = QuarantineRows(home.engine)
    return ElasticStore(connect(connection), home.engine, namespace=settings.namespace, on_rejected=rows.put)


STORES: "dict[str, Callable[[Foundation], Store]]" = {
    "local": lambda home: LocalStore(home.place(home.settings.store.url)),
    "elastic+http": _elastic_store,
    "elastic+https": _elastic_store,
}
SHARED = ("kafka", "elastic", "postgresql")
"""Schemes of backends that any number of processes may use at once."""
COLUMN_STORES = frozenset({"local"})
"""Those that take records as columns, which workers then make."""


def backend(table: Mapping[str, T], setting: str, url: str) -> T:
    """Return what the scheme of `url` names; raise `InputError` listing what there is."""
    scheme = url.partition(":")[0]
    if scheme not in table:
        raise InputError(f"{setting}: unknown backend '{scheme}'; this version has: {', '.join(table)}")
    return table[scheme]
