"""The one loop that knows journal, normalise, detect, store and alerts: from received lines to stored records."""

import logging
import threading
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

from sentinel.crew.crew import Hands, SliceError, Ticket
from sentinel.crew.judge import Detection, Normalise, broken, normalised, set_aside
from sentinel.crew.notes import Notes, noted
from sentinel.crew.ports import Relay, Sieve
from sentinel.crew.stopwatch import Stopwatch
from sentinel.detect.correlate.hit import Hit, microseconds
from sentinel.errors import ConflictError, UnavailableError
from sentinel.journal import Entry, Part
from sentinel.journal.once import Once
from sentinel.loop import Loop
from sentinel.model.match import Match
from sentinel.model.moment import now, to_text
from sentinel.model.record import Record
from sentinel.repeats import Repeats
from sentinel.standing import Standing
from sentinel.store import Store

log = logging.getLogger(__name__)

POLL_SECONDS = 1.0
"""Without a call to wake up it looks so often for new events."""
ATTEMPTS = 3
"""An event that fails so often while others pass is set aside."""
TRIM_EVENTS = 50_000
"""The journal is trimmed when so many events are done with, and when there is nothing else to do."""
MAX_BROKEN = 100
"""Datasets whose broken lines are counted each; collectors name them, so there may be any number."""

OnMatches = Callable[[list[tuple[Match, Record]]], None]
Faults = Mapping[tuple[str, str], tuple[int, str]]
"""(collector, reason) to how many and a sentence about the last one."""
OnFaults = Callable[[Faults, datetime], None]
OnStored = Callable[[Sequence[Entry], Sequence[Record]], None]
"""Told after events are stored of the last one of every source, and of all that are no ordinary events."""


class Pipeline:
    """Moves events on, in order. The store's mark is its only cursor, so it may be killed at any instant."""

    def __init__(
        self,
        journal: Part,
        store: Store,
        engine: Detection,
        normalise: Normalise,
        on_matches: OnMatches,
        *,
        on_faults: OnFaults | None = None,
        on_stored: OnStored | None = None,
        sieve: Sieve | None = None,
        crew: Hands | None = None,
        partition: int = 0,
        once: Once | None = None,
        relay: Relay | None = None,
        clock: Callable[[], datetime] = now,
    ) -> None:
        """Move events of a part of the journal, whose mark in the store is that of `partition`.

        `once` is for a journal that may hold a batch twice. With a `relay` correlations are judged elsewhere, and the
        engine does not.
        """
        self._watch = Stopwatch()
        self._journal = journal
        self._read = self._watch.timed("journal", journal.read)
        self._normalise = normalise
        self._on_matches = self._watch.timed("alerts", on_matches)
        self._on_faults = on_faults
        self._on_stored = on_stored
        self._sieve = sieve
        self._crew = crew
        self._once = once
        self._relay = relay
        self._ahead: tuple[Sequence[Entry], Ticket] | None = None
        self._next: tuple[Detection, Hands | None] | None = None
        self._clock = clock
        self._trimmed = 0
        self._attempts: tuple[int, int] = (-1, 0)
        self._repeats = Repeats(store.known)
        self._counts: Counter[str] = Counter()
        add = self._watch.timed("store", store.add)
        self._standing = Standing(journal, store, add, engine, once, partition, self._counts)
        self._broken: Counter[str] = Counter()
        self._loop = Loop("pipeline")

    @property
    def statistics(self) -> dict[str, object]:
        """Return what was done: `events`, `stored`, `repeated`, `matches`, `set_aside`, `failures`, `broken`.

        `broken` counts by dataset the lines that could not be read, `repeated` those that a sender sent again or that
        the journal holds twice, `gaps` how often the journal had lost what was not stored yet, and `seconds` the
        processor time by stage.
        """
        names = ("events", "stored", "repeated", "matches", "set_aside", "failures", "gaps")
        self._counts["failures"] = self._loop.failures
        seconds = dict(self._watch.seconds)
        return {**{name: self._counts[name] for name in names}, "broken": dict(self._broken), "seconds": seconds}

    def replace(self, engine: Detection, crew: Hands | None = None) -> None:
        """Use another engine, and workers with the same rules, from the next batch on; those before are closed.

        Correlations that have not changed keep what they gathered.
        """
        if (waiting := self._next) is not None and waiting[1] is not None:
            waiting[1].close()
        self._next = (engine, crew)

    def step(self, limit: int = 6_000) -> int:
        """Process at most `limit` events from the mark on; return how many.

        Raises what stands in the way: `UnavailableError` for a full disk, anything for a fault of ours. Then nothing
        after the mark has changed, except alerts, which the same matches leave as they are.
        """
        self._swap()
        position = self._standing.position(self._sieve.rewind if self._sieve is not None else lambda: None)
        entries, ticket = self._take(position, limit)
        if entries:
            self._standing.tell_gap(position, entries[0].position)
            self._go_on(entries, ticket)
            position = entries[-1].position + 1
        else:
            self._conclude(position)
        if position - self._trimmed >= TRIM_EVENTS or (not entries and position > self._trimmed):
            self._journal.trim(position)
            self._trimmed = position
        return len(entries)

    def close(self) -> None:
        """End the workers; the loop has ended."""
        for crew in (self._crew, self._next[1] if self._next else None):
            if crew is not None:
                crew.close()

    def _swap(self) -> None:
        """Take the next engine where there is one: only here, between two batches."""
        waiting, self._next = self._next, None
        if waiting is None:
            return
        before = self._crew
        self._standing.engine, self._crew = waiting
        # What the engine before has gathered is in the mark: it was written with the last batch.
        self._ahead = None
        self._standing.leave()
        if before is not None:
            before.close()

    def _take(self, position: int, limit: int) -> tuple[Sequence[Entry], Ticket | None]:
        """Return the next entries and the ticket of what workers do with them; they get the following ones as well."""
        if self._crew is None:
            return list(self._read(position, limit)), None
        ahead, self._ahead = self._ahead, None
        if ahead is not None and ahead[0][0].position == position:
            entries, ticket = ahead
        elif entries := self._read(position, limit):
            ticket = self._begin(self._crew, entries)
        else:
            return (), None
        if following := self._read(entries[-1].position + 1, limit):
            self._ahead = following, self._begin(self._crew, following)
        return entries, ticket

    def _begin(self, crew: Hands, entries: Sequence[Entry]) -> Ticket:
        return self._watch.timed("hand over", crew.begin)(entries)

    def run(self, stop: threading.Event, wake: threading.Event, idle: Callable[[], object] | None = None) -> None:
        """Process events until `stop` is set; a failure is logged and tried again, ever more slowly.

        With nothing to do it waits for `wake`, or calls `idle` where whoever writes cannot wake this process.
        """
        self._loop.run(self.step, stop, wake, idle or (lambda: wake.wait(POLL_SECONDS)))

    @property
    def trouble(self) -> str:
        """Return why the loop stands still; empty while it does not."""
        return self._loop.trouble

    @property
    def position(self) -> int:
        """Return where the last batch ended, for people; the mark in the store is what counts."""
        return self._standing.at or 0

    def _go_on(self, entries: Sequence[Entry], ticket: Ticket | None) -> None:
        """Process those entries that have not been seen, and move to behind them all."""
        upto = entries[-1].position + 1
        fresh = self._once.fresh(entries) if self._once else entries
        if len(fresh) < len(entries):
            self._counts["repeated"] += len(entries) - len(fresh)
            ticket = None
        if fresh:
            self._process(fresh, ticket)
        if (at := self._standing.at) is not None and at < upto:
            if self._relay is not None:
                self._relay.send(at, upto, ())
            self._standing.move_to(upto)

    def _process(self, entries: Sequence[Entry], ticket: Ticket | None = None) -> None:
        """Process entries together, or where that fails in smaller parts, down to the one that is to blame."""
        try:
            self._advance(entries, ticket)
        except (UnavailableError, ConflictError):
            self._standing.restore()
            raise
        except Exception:
            # Part of the supervised loop: whatever one event does, the others go on.
            self._standing.restore()
            if len(entries) == 1:
                if not self._is_to_blame(entries[0]):
                    raise
                aside = [set_aside(entries[0])]
                self._commit(entries, aside, noted(entries, aside), entries[0].position + 1)
                self._counts["set_aside"] += 1
                return
            log.warning("A batch of events failed; trying smaller ones.", extra={"events": len(entries)})
            middle = len(entries) // 2
            self._process(entries[:middle])
            self._process(entries[middle:])

    def _advance(self, entries: Sequence[Entry], ticket: Ticket | None) -> None:
        upto = entries[-1].position + 1
        records, hits, notes = self._judged(entries, ticket)
        places = self._repeats.fresh(entries, records, notes.keyed, self._standing.doubt)
        repeated: Counter[str] = Counter()
        if len(places) < len(entries):
            repeated.update(entry.event.collector for entry in entries)
            entries = [entries[place] for place in places]
            records = [records[place] for place in places]
            hits = [hits[place] for place in places]
            repeated.subtract(entry.event.collector for entry in entries)
            notes = noted(entries, records)
        if self._relay is not None and (at := self._standing.at) is not None:
            self._relay.send(at, upto, list(zip(entries, records, hits, strict=True)))
        # Of all the others only that they came is of interest, and how far time has gone: the last one tells.
        heard = [
            (entries[place].position, records[place], found)
            for place, found in enumerate(hits)
            if found or place == len(hits) - 1
        ]
        conclude = self._watch.timed("correlate", self._standing.engine.conclude)
        matches = conclude([record for _, record, _ in heard], [found for _, _, found in heard])
        before = entries[0].position if entries else upto
        if shown := self._sift({record.id: position for position, record, _ in heard}, matches, before, upto):
            self._on_matches(shown)
        self._commit(entries, records, notes, upto)
        self._counts["matches"] += len(matches)
        self._note_repeats(+repeated)

    def _note_repeats(self, repeated: Counter[str]) -> None:
        """Count what senders sent again."""
        self._counts["repeated"] += repeated.total()
        if repeated and self._on_faults is not None:
            sentence = "sent before, and kept then"
            self._on_faults(
                {(each, "repeated"): (number, sentence) for each, number in repeated.items()}, self._clock()
            )

    def _judged(
        self, entries: Sequence[Entry], ticket: Ticket | None
    ) -> tuple[Sequence[Record], list[list[Hit]], Notes]:
        if self._crew is None:
            return self._judged_here(entries)
        try:
            ticket = ticket or self._begin(self._crew, entries)
            records, hits = self._watch.timed("hand over", ticket.result)()
            self._watch.seconds.update(ticket.spent)
        except SliceError as error:
            if error.is_deadly:
                raise
            # Done here, the failure shows itself, or there is none: not everything travels between processes.
            log.info("A worker could not judge some events; they are judged here.", extra={"reason": str(error)})
            return self._judged_here(list(entries))
        return records, hits, ticket.notes

    def _judged_here(self, entries: Sequence[Entry]) -> tuple[Sequence[Record], list[list[Hit]], Notes]:
        records = self._watch.timed("normalise", normalised)(self._normalise, entries)
        return records, self._watch.timed("match", self._standing.engine.judge)(records), noted(entries, records)

    def _sift(
        self, positions: Mapping[str, int], matches: list[tuple[Match, Record]], before: int, upto: int
    ) -> list[tuple[Match, Record]]:
        """Return what operators shall see; `positions` are by the ids of the records with hits."""
        if self._sieve is None or not matches:
            return matches
        # A correlation may have waited for late records: what completed it is stored already.
        return self._sieve.sift(matches, [positions.get(record.id, before) for _, record in matches], upto)

    def _conclude(self, position: int) -> None:
        """Raise what correlations have found by waiting: nothing new has come that would have told them."""
        if self._relay is not None:
            self._relay.idle(position, self._clock())
        matches = self._standing.engine.advance(microseconds(to_text(self._clock())))
        if not matches:
            return
        sieve = self._sieve
        try:
            shown = matches if sieve is None else sieve.sift(matches, [position] * len(matches), position)
            if shown:
                self._on_matches(shown)
            self._standing.move_to(position)
        except Exception:
            # What they waited for is still in the mark, and is found again.
            self._standing.restore()
            raise
        self._counts["matches"] += len(matches)

    def _commit(self, entries: Sequence[Entry], records: Sequence[Record], notes: Notes, upto: int) -> None:
        if self._once is not None:
            self._once.note(entries)
            self._standing.tell_missing()
        self._standing.move_to(upto, records)
        self._repeats.remember(records[place] for place in notes.keyed)
        self._counts["events"] += len(entries)
        faults: dict[tuple[str, str], tuple[int, str]] = {}
        unusual = [(entries[place], records[place]) for place in notes.unusual]
        for collector, dataset, sentence in broken(unusual):
            self._broken[dataset if dataset in self._broken or len(self._broken) < MAX_BROKEN else "other"] += 1
            key = (collector, f"line:{dataset}")
            faults[key] = (faults.get(key, (0, ""))[0] + 1, sentence)
        if faults and self._on_faults is not None:
            self._on_faults(faults, self._clock())
        if self._on_stored is not None:
            places = sorted({*notes.latest, *notes.unusual})
            self._on_stored([entries[place] for place in places], [records[place] for place in places])

    def _is_to_blame(self, entry: Entry) -> bool:
        """Return whether an event that failed alone has done so often enough to be set aside."""
        position, attempts = self._attempts
        self._attempts = (entry.position, attempts + 1 if position == entry.position else 1)
        if self._attempts[1] < ATTEMPTS:
            return False
        log.exception(
            "An event is set aside: it could not be processed.",
            extra={"position": entry.position, "collector": entry.event.collector, "dataset": entry.event.dataset},
        )
        return True
