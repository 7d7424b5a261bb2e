"""Where a pipeline stands in its part of the journal: the mark in the store, and with it all that is gathered."""

import logging
from collections import Counter
from collections.abc import Callable, Sequence

from sentinel.crew.judge import Detection
from sentinel.errors import InputError
from sentinel.journal import Part
from sentinel.journal.once import Once
from sentinel.model.record import Record
from sentinel.store import Mark, Store

log = logging.getLogger(__name__)

Add = Callable[[Sequence[Record], Mark], int]


class Standing:
    """Keeps the state in memory and the mark together: what is written of the one moves the other, or nothing does."""

    def __init__(
        self,
        journal: Part,
        store: Store,
        add: Add,
        engine: Detection,
        once: Once | None,
        partition: int,
        counts: Counter[str],
    ) -> None:
        """Stand nowhere yet; `add` is that of the store, `counts` gets `stored` and `gaps`."""
        self._journal = journal
        self._store = store
        self._add = add
        self._once = once
        self._partition = partition
        self._counts = counts
        self.engine = engine
        """Whose state goes with the mark; after another was put here, call `leave`."""
        self.at: int | None = None
        """Where the state in memory stands; None: nowhere."""
        self.doubt = 0
        """What lies before may be stored already by a batch that was cut short."""

    def leave(self) -> None:
        """Stand nowhere: the next `position` goes to where the mark is."""
        self.at = None

    def position(self, on_rewind: Callable[[], object]) -> int:
        """Return where to go on; `on_rewind` is called where the journal begins anew."""
        # Where several processes share the work, another one may have been here and moved the mark.
        if self.at is None or self._store.position(self._partition) != self.at:
            self.restore()
        position = self.at or 0
        is_anew = self._once is not None and self._once.is_anew(self._journal.identity())
        if is_anew or position > self._journal.end():
            # The journal was replaced or restored: the store drops by id what it knows already. The mark goes back at
            # once, or a batch that reaches beyond it would be passed over up to there; the correlations begin anew,
            # or they would count twice what comes again.
            end = self._journal.end()
            log.warning("The journal is younger than the store; reading it anew.", extra={"mark": position, "end": end})
            self.leave()
            self._write(Mark(0, self._sealed(b""), self._partition))
            on_rewind()
            self.restore()
            return 0
        return position

    def restore(self) -> None:
        """Bring all that is gathered back to where the mark is; where that fails, the next step does it first."""
        self.at = None
        mark = self._store.mark(self._partition)
        try:
            self.engine.restore(self._once.open(mark.detection_state) if self._once else mark.detection_state)
        except InputError:
            log.exception("The state of correlations cannot be read; they begin anew.")
            self.engine.restore(b"")
        self.at, self.doubt = mark.position, mark.doubt

    def move_to(self, position: int, records: Sequence[Record] = ()) -> None:
        """Store `records` and move the mark with what is gathered by now, all or nothing."""
        # What is taken from the engine must be behind what is stored; where either fails, it is not.
        self.leave()
        # What was seen in a journal that may hold a batch twice is sealed with the whole.
        changes = self.engine.changes() if self._once is None else None
        if changes is None:
            self._write(Mark(position, self._sealed(self.engine.checkpoint()), self._partition), records)
        else:
            self._write(Mark(position, changes, self._partition, follows=True), records)

    def tell_gap(self, position: int, first: int) -> None:
        """Say so where the journal begins after the mark."""
        if 0 < position < first and position < self._journal.begin():
            self._counts["gaps"] += 1
            log.error(
                "The store is older than the journal's first event; what lay between is in neither of them. "
                "Restore a newer backup of the store if there is one.",
                extra={"mark": position, "missing": first - position, "partition": self._partition},
            )

    def tell_missing(self) -> None:
        """Say so where another journal went before all in it was stored."""
        if self._once is not None and self._once.missing:
            self._counts["gaps"] += 1
            sentence = "The journal was made anew before all in it was stored; acknowledged events are lost with it."
            log.error(sentence, extra={"missing": self._once.missing, "partition": self._partition})
            self._once.missing = 0

    def _write(self, mark: Mark, records: Sequence[Record] = ()) -> None:
        self._counts["stored"] += self._add(records, mark)
        self.at = mark.position

    def _sealed(self, detection: bytes) -> bytes:
        return self._once.seal(detection) if self._once else detection
