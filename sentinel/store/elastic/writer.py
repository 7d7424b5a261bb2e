"""The writing side: first an intent in the database, then the documents, then the mark, so that nothing doubles."""

import threading
from collections.abc import Callable, Sequence

from sentinel.errors import ConflictError, InputError
from sentinel.model.record import Record
from sentinel.store import Mark, Rejected
from sentinel.store.elastic.bulk import Bulk, Done, Item
from sentinel.store.elastic.marks import Held, Marks

OnRejected = Callable[[Sequence[Rejected]], None]
"""Keeps what Elasticsearch will never take; durable on return, and the same again changes nothing."""


class Writer:
    """Adds records and moves marks.

    A deterministic id alone does not keep events single: Elasticsearch compares ids within one backing index only, and
    a replay after a rollover would be stored again (elastic/elasticsearch#44794). So before a batch is sent the
    database learns which stretch of the journal it is from. Whoever finds such an intent open, because a worker died
    or its mark was moved back, asks first which of the records exist, over all backing indices.
    """

    def __init__(
        self, bulk: Bulk, marks: Marks, item: Callable[[Record], Item], on_rejected: OnRejected | None = None
    ) -> None:
        """Take what makes a record an item, or raises `InputError` where it is none that can be stored.

        Without `on_rejected` a batch with a record that Elasticsearch rejects is refused with `InputError`.
        """
        self._bulk = bulk
        self._marks = marks
        self._item = item
        self._on_rejected = on_rejected
        self._seen = threading.local()

    def add(self, records: Sequence[Record], mark: Mark) -> int:
        """Store `records` and move the mark; return how many were new.

        The mark must still be where this thread saw it last, in `mark` or after its own `add`. Raises `ConflictError`
        when another worker has moved it, `UnavailableError` when it cannot now (some may be stored then, and the next
        call finds out which), `InputError` before anything is sent for a record that is no event.
        """
        items = [self._item(record) for record in _unique(records)]
        held = self._token(mark.partition)
        done = Done()
        if items:
            in_doubt = held.is_in_doubt
            held = self._changing(
                held, lambda: self._marks.intend(held, mark.position, {item.stream for item in items})
            )
            done = self._bulk.store(items, in_doubt=in_doubt, check=lambda: self._check(held))
            self._set_aside(done)
        self._changing(held, lambda: self._marks.move(held, mark))
        return done.new

    def mark(self, partition: int) -> Mark:
        """Return the mark; from now on this thread may move it, as long as nobody else does."""
        mark, held = self._marks.read(partition)
        self._tokens()[partition] = held
        return mark

    def _tokens(self) -> dict[int, Held | None]:
        """Return by partition what this thread saw last; None: it must look again."""
        if not hasattr(self._seen, "tokens"):
            self._seen.tokens = {}
        tokens: dict[int, Held | None] = self._seen.tokens
        return tokens

    def _token(self, partition: int) -> Held:
        tokens = self._tokens()
        if partition not in tokens:
            self.mark(partition)
        if (held := tokens[partition]) is None:
            raise ConflictError(
                f"it is not known whether part {partition} of the journal still belongs to this worker; "
                "read the mark again before going on"
            )
        return held

    def _changing(self, held: Held, change: Callable[[], Held]) -> Held:
        """Change the mark; where that fails, even with the answer lost, nothing is assumed about it any more."""
        tokens = self._tokens()
        tokens[held.partition] = None
        after = tokens[held.partition] = change()
        return after

    def _check(self, held: Held) -> None:
        try:
            self._marks.check(held)
        except ConflictError:
            self._tokens()[held.partition] = None
            raise

    def _set_aside(self, done: Done) -> None:
        if not done.rejected:
            return
        if self._on_rejected is None:
            record, reason = done.rejected[0]
            raise InputError(f"record {record.id}: Elasticsearch refuses it: {reason}")
        self._on_rejected([Rejected(record, reason) for record, reason in done.rejected])


def _unique(records: Sequence[Record]) -> list[Record]:
    """Return the records, each id once, the first of it, in order."""
    first = {record.id: record for record in reversed(records)}
    return list(reversed(first.values()))
