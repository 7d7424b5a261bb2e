"""Deletes what is past its time, a few times a day; every deletion is in the audit log before and after it is done."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Engine

from sentinel.audit import Audit
from sentinel.keeping import rows
from sentinel.keeping.holds import Holds
from sentinel.keeping.terms import Terms
from sentinel.model.agency import CITY
from sentinel.model.moment import now
from sentinel.store import Stop, Store, go_on
from sentinel.store.expiry import Expired, Expiry

log = logging.getLogger(__name__)

EVERY = timedelta(hours=6)
MAX_NAMED = 100
"""Datasets that one audit entry names; collectors name them, so there may be any number."""


@dataclass(frozen=True, slots=True)
class Gone:
    """What goes, or has gone."""

    events: Sequence[Expired]
    rows: dict[str, int]


class Keeper:
    """Knows what is past its time; never what the law or a hold keeps, however full the disk is."""

    def __init__(
        self,
        store: Store,
        engine: Engine,
        audit: Audit,
        holds: Holds,
        terms: Terms,
        *,
        clock: Callable[[], datetime] = now,
    ) -> None:
        self._store = store
        self._engine = engine
        self._audit = audit
        self._holds = holds
        self._terms = terms
        self._clock = clock
        self._looked: datetime | None = None

    def look(self, stop: Stop | None = None) -> None:
        """Delete where the last time is long enough ago; call it as often as you like. Raises what `work` raises."""
        at = self._clock()
        if self._looked is None or at - self._looked >= EVERY:
            self.work(at, stop)
            self._looked = at

    def preview(self, at: datetime) -> Gone:
        """Return what `work` would delete at that time."""
        held = self._holds.held()
        events = self._store.expirable(Expiry(before=self._terms.before(at), holds=held))
        return Gone(events, rows.count(self._engine, self._terms, held, at))

    def work(self, at: datetime, stop: Stop | None = None) -> Gone:
        """Delete, and return what has gone; raise `StoppedError` before the next deletion where `stop` is set."""
        held = self._holds.held()
        order = Expiry(before=self._terms.before(at), holds=held)
        gone: Sequence[Expired] = ()
        if planned := self._store.expirable(order):
            go_on(stop)
            # Before, so that no deletion lacks its entry, whatever is killed when; after, because it may differ.
            self._record("events.expiring", planned, len(held))
            gone = self._store.expire(order, stop)
            self._record("events.expired", gone, len(held))
            log.info("Deleted events past their time.", extra={"events": sum(each.records for each in gone)})
        return Gone(gone, rows.expire(self._engine, self._audit, self._terms, held, at, stop))

    def _record(self, action: str, parts: Sequence[Expired], held: int) -> None:
        named = {each.dataset or "-": [each.records, each.first_at, each.last_at] for each in parts[:MAX_NAMED]}
        others = sum(each.records for each in parts[MAX_NAMED:])
        detail = {
            "value": sum(each.records for each in parts),
            "unit": "events",
            "datasets": named,
            "others": others,
            "holds": held,
        }
        self._audit.record(actor="system", agency=CITY, action=action, object="events", detail=detail)
