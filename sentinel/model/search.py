"""What a search asks and what it answers."""

from dataclasses import dataclass, field

from sentinel.model.agency import Scope
from sentinel.model.record import Record


@dataclass(frozen=True, slots=True, kw_only=True)
class Search:
    """A question to the store. The scope is part of it: no store answers without one."""

    scope: Scope
    query: str = "*"
    """Lucene syntax."""
    start: str | None = None
    """First `@timestamp`, inclusive; None: from the beginning."""
    end: str | None = None
    """Last `@timestamp`, exclusive."""
    limit: int = 100
    offset: int = 0
    newest_first: bool = True
    histogram_buckets: int = 0
    """0: no histogram."""


@dataclass(frozen=True, slots=True)
class Bucket:
    """One bar of a time histogram."""

    start: str
    end: str
    count: int


@dataclass(frozen=True, slots=True)
class Found:
    """Answer to a search."""

    total: int
    records: tuple[Record, ...]
    buckets: tuple[Bucket, ...] = field(default=())
    unreadable: int = 0
    """Damaged parts of the store that may hold more of this time, and could not be searched."""
