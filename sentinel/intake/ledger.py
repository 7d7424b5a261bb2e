"""What came in and could not be used, counted by collector or sender and reason."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Engine, func, insert, select, update

from sentinel.database.connect import reading
from sentinel.database.dialect import serialise
from sentinel.database.storage_tables import senders
from sentinel.database.tables import collectors, intake_counters
from sentinel.database.text import fit
from sentinel.model.agency import Scope
from sentinel.model.moment import to_text

MAX_REASON_CHARACTERS = 64
MAX_DETAIL_CHARACTERS = 500
MAX_REASONS = 100
"""Of one collector, which may name datasets as it likes; what comes on top is counted as `other`."""
OTHER = "other"


@dataclass(frozen=True, slots=True, kw_only=True)
class Counter:
    """How often something of a collector or sender could not be used, and why."""

    collector: str
    reason: str
    """`too_large`, `too_slow`, `lost_end`, `bad_batch`, `bad_epoch`, `sequence_gap`, `line:` with the dataset,
    or `other`; those of senders are in docs/reference/doors.md."""
    count: int
    last_at: str
    last_detail: str
    """The sentence about the last one; it never holds the event itself."""


class Ledger:
    """Counts faults of what collectors sent."""

    def __init__(self, engine: Engine) -> None:
        self._engine = engine

    def count(self, faults: Mapping[tuple[str, str], tuple[int, str]], at: datetime) -> None:
        """Add to the counters: (collector, reason) to how many and a sentence about the last one."""
        with self._engine.begin() as connection:
            serialise(connection, intake_counters)
            for (collector, reason), (number, detail) in faults.items():
                last = {"last_at": to_text(at), "last_detail": fit(detail, MAX_DETAIL_CHARACTERS)}
                _add(connection, collector, fit(reason, MAX_REASON_CHARACTERS), number, last)

    def counters(self, scope: Scope) -> list[Counter]:
        """Return the counters of the collectors and senders in scope, by these and reason."""
        own = select(collectors.c.id).where(collectors.c.agency.in_(sorted(scope)))
        others = select(senders.c.id).where(senders.c.agency.in_(sorted(scope)))
        query = (
            select(intake_counters)
            .where(intake_counters.c.collector.in_(own.union_all(others)))
            .order_by(intake_counters.c.collector, intake_counters.c.reason)
        )
        with reading(self._engine) as connection:
            return [Counter(**row._mapping) for row in connection.execute(query)]


def _add(connection: Connection, collector: str, reason: str, number: int, last: Mapping[str, str]) -> None:
    key = {"collector": collector, "reason": reason}
    mine = intake_counters.c.collector == collector
    changed = connection.execute(
        update(intake_counters)
        .where(mine, intake_counters.c.reason == reason)
        .values(count=intake_counters.c.count + number, **last)
    )
    if changed.rowcount:
        return
    kinds = connection.execute(select(func.count()).select_from(intake_counters).where(mine)).scalar_one()
    if kinds >= MAX_REASONS and reason != OTHER:
        _add(connection, collector, OTHER, number, last)
    else:
        connection.execute(insert(intake_counters).values(**key, count=number, **last))
