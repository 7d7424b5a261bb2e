"""The lanes of one process among many: what works on the parts of the journal and of the hits that are ours."""

import threading
from collections import Counter
from collections.abc import Callable, Mapping

from sentinel.crew.crew import Crew
from sentinel.crew.ports import Sieve
from sentinel.detect.engine import Engine
from sentinel.detect.rule import RuleSet
from sentinel.journal.kafka.journal import FIRST_PART
from sentinel.journal.kafka.message import INDEX_BITS
from sentinel.journal.once import Once
from sentinel.lanes.concluding import FIRST_PARTITION, Concluding
from sentinel.lanes.conclusions import Conclusions
from sentinel.lanes.keys import families
from sentinel.lanes.lanes import Lane, Lanes, Place
from sentinel.lanes.plain import PlainRules
from sentinel.lanes.relay import HitRelay
from sentinel.lanes.shares import Shares
from sentinel.normalise import normalise
from sentinel.pipeline import OnFaults, OnMatches, OnStored, Pipeline
from sentinel.store import Store
from sentinel.wiring.brokers import Brokers

WAIT_SECONDS = 0.5
"""A lane with nothing to do looks up so often, to say so to those who wait for it."""


class Sharing:
    """Makes lanes, and gives all of them new rules."""

    def __init__(
        self,
        brokers: Brokers,
        store: Store,
        sieve: Callable[[int], Sieve],
        *,
        on_matches: OnMatches,
        on_faults: OnFaults,
        on_stored: OnStored,
        lateness_seconds: float,
        lock: threading.Lock,
    ) -> None:
        """Work for `store`; `sieve` makes that of a partition of marks; `lock` guards the engine."""
        self._brokers = brokers
        self._store = store
        self._sieve = sieve
        self._on_matches = on_matches
        self._on_faults = on_faults
        self._on_stored = on_stored
        self._lateness = lateness_seconds
        self._engine_lock = lock
        self._lock = threading.Lock()
        self._families = families(())
        self._plain: PlainRules | None = None
        self._shares = Shares(None)
        self.lanes = Lanes(self._lane)

    def employ(self, rules: RuleSet, engine: Engine, crew: Crew | None) -> None:
        """Work by these rules from now on."""
        with self._lock:
            self._families = families(rules.correlations)
            self._plain = PlainRules(engine, self._engine_lock)
            before, self._shares = self._shares, Shares(crew)
            for lane in self.lanes.present():
                if isinstance(lane.worker, Pipeline):
                    lane.worker.replace(self._plain, self._shares.take())
                elif isinstance(lane.worker, Concluding):
                    lane.worker.replace(self._conclusions())
        before.retire()

    def run(self, stop: threading.Event) -> None:
        """Work until `stop` is set on whatever is ours."""
        try:
            self._brokers.join(self.lanes, stop)
        finally:
            self.lanes.close()

    def close(self) -> None:
        """End the worker processes; no lane is left."""
        self._shares.retire()

    def done(self) -> Mapping[str, int]:
        """Return what the present lanes have done with events since they began."""
        total: Counter[str] = Counter()
        for lane in self.lanes.present():
            total.update({name: each for name, each in lane.worker.statistics.items() if isinstance(each, int)})
        return total

    def _lane(self, place: Place) -> Lane:
        topic, number = place
        with self._lock:
            return self._events(place, number) if topic == self._brokers.events.topic else self._hits(place, number)

    def _events(self, place: Place, number: int) -> Lane:
        if self._plain is None:
            raise RuntimeError("there are no rules yet")
        number += FIRST_PART
        part, once = self._brokers.journal.reader(number), Once()
        relay = HitRelay(
            number,
            self._brokers.parts,
            lambda: self._families,
            self._brokers.send_hits,
            self._brokers.hits.there().max_bytes,
            log=lambda: once.identity,
        )
        pipeline = Pipeline(
            part,
            self._store,
            self._plain,
            normalise,
            self._on_matches,
            on_faults=self._on_faults,
            on_stored=self._on_stored,
            sieve=self._sieve(number),
            crew=self._shares.take(),
            partition=number,
            once=once,
            relay=relay,
        )
        return Lane(place, pipeline, lambda: part.wait(pipeline.position, WAIT_SECONDS), part.close, INDEX_BITS)

    def _hits(self, place: Place, number: int) -> Lane:
        stream = self._brokers.stream(number)
        sieve = self._sieve(FIRST_PARTITION + number)
        worker = Concluding(number, stream, self._store, self._conclusions(), self._on_matches, sieve)
        return Lane(place, worker, lambda: stream.wait(worker.position, WAIT_SECONDS), stream.close, 0)

    def _conclusions(self) -> Conclusions:
        return Conclusions(self._families, self._brokers.journal.parts(), self._lateness)
