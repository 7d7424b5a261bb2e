"""Events are kept here and found again."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from sentinel.errors import SentinelError
from sentinel.model.agency import Scope
from sentinel.model.record import Record
from sentinel.model.search import Found, Search
from sentinel.store.expiry import Expired, Expiry

RECEIVED = "event.ingested"
"""When the server received what became a record."""


class StoppedError(SentinelError):
    """Whoever asked does not wait for the answer any more."""

    http_status = 499


class Stop(Protocol):
    """Says when nobody waits for an answer any more; a `threading.Event` is one."""

    def is_set(self) -> bool:
        """Return whether to give up."""
        ...


def go_on(stop: Stop | None) -> None:
    """Raise `StoppedError` where `stop` is set."""
    if stop is not None and stop.is_set():
        raise StoppedError("whoever began this does not want it any more")


@dataclass(frozen=True, slots=True)
class Mark:
    """How far the store has come; written in the same transaction as the records."""

    position: int
    """Journal position of the next event to process; 0 at the beginning."""
    detection_state: bytes = b""
    """Checkpoint of the correlations at that position."""
    partition: int = 0
    """Part of the journal that the position counts in; a local journal has only this one."""
    doubt: int = field(default=0, compare=False)
    """What lies before it and not before the mark may be stored already, by a batch that was cut short; 0: nothing."""
    follows: bool = field(default=False, compare=False)
    """Given to `add`: the state is only what to put behind that of the mark before; a mark that is read has it all."""


@dataclass(frozen=True, slots=True)
class Rejected:
    """A record that the store will never take, however often it is asked."""

    record: Record
    reason: str


class Store(Protocol):
    """What every event store does; `tests/store/test_store.py` is the contract."""

    def add(self, records: Sequence[Record], mark: Mark) -> int:
        """Keep `records` and move the mark, both or neither; return how many were new.

        A record whose id is stored already is dropped. Raises `UnavailableError` when it cannot, with nothing kept.
        """
        ...

    def mark(self, partition: int = 0) -> Mark:
        """Return the mark of the last `add` of that part of the journal."""
        ...

    def position(self, partition: int = 0) -> int:
        """Return the position of that mark, which costs less than to read all of it."""
        ...

    def known(self, ids: Sequence[str]) -> Mapping[str, str]:
        """Return those of `ids` that are stored already, each with when it was received, as `event.ingested` says."""
        ...

    def search(self, search: Search, stop: Stop | None = None) -> Found:
        """Return what matches within the scope; raise `InputError` naming the fault and its place in the query.

        Where `stop` is set meanwhile, the search ends soon with `StoppedError`.
        """
        ...

    def get(self, record_id: str, scope: Scope) -> Record | None:
        """Return the record, or None where there is none in scope."""
        ...

    def scan(self, search: Search, stop: Stop | None = None) -> Iterator[Record]:
        """Yield all that matches, oldest first, without holding it in memory; `limit` and `offset` are ignored.

        Where `stop` is set meanwhile, it ends with `StoppedError` soon, at the latest after what was read already.
        """
        ...

    def maintain(self) -> None:
        """Do what keeps the store fast: compact, remove what is needed no more. Safe to kill."""
        ...

    def expirable(self, expiry: Expiry) -> Sequence[Expired]:
        """Return by dataset what `expire` would delete now; it changes nothing."""
        ...

    def expire(self, expiry: Expiry, stop: Stop | None = None) -> Sequence[Expired]:
        """Delete the records that were stored before their time is over and are not held; return them by dataset.

        How long a record has been stored counts from when it was stored, or later, never from its own time. Records
        stored together may wait for the youngest of them. Safe to kill; raises `UnavailableError` when it cannot go on,
        and `StoppedError` before the next thing it would delete where `stop` is set.
        """
        ...

    @property
    def statistics(self) -> Mapping[str, int]:
        """Return what was done since the start, by name."""
        ...

    def troubles(self) -> Sequence[str]:
        """Return one sentence for each part of the store that cannot be read; empty where all is well."""
        ...

    def close(self) -> None:
        """Release files and connections."""
        ...
