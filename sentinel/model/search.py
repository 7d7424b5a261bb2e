"""What a search asks and what it answers."""

from collections.abc import Mapping
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
    sort: str = "@timestamp"
    """Field to sort by, then by id; records without it come last."""
    after: str = ""
    """`Found.next` of the page before: pages follow each other without gap or repeat while events arrive."""
    top: tuple[str, ...] = ()
    """Fields whose most frequent values are counted."""
    top_values: int = 10


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
    next: str = ""
    """Where the next page begins; empty after the last."""
    top: Mapping[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    """By field its most frequent values as text, with how many records have them, most first, then by value."""
