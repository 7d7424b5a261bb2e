"""Feeds matches to the correlations that listen for them, and theirs to others in turn."""

import logging
from collections import defaultdict, deque
from collections.abc import Iterable, Iterator, Mapping, Sequence

from sentinel.detect.correlate.contribution import MAX_DEPTH
from sentinel.detect.correlate.desk import Desk
from sentinel.detect.correlate.hit import AGENCY, Hit
from sentinel.detect.correlate.holdback import Waiting
from sentinel.detect.correlate.state import decode, encode, encode_changes, put_back
from sentinel.detect.rule import Correlation
from sentinel.errors import InputError
from sentinel.model.match import Match
from sentinel.model.record import Record

log = logging.getLogger(__name__)

MAX_HELD = 500_000
"""Matches that wait, over all correlations; each gets its share."""
MIN_SHARE = 20_000
MAX_LATENESS_SECONDS = 3_600.0
MIN_CHANGES_BYTES = 1_000_000
"""So much is put behind a state, and as much again as the state is long, before it is written anew."""
_NOBODY = Record("", {})
Completed = tuple[Match, Record]


class Correlator:
    """All correlations of a rule set and their state. One thread, or one process, at a time."""

    def __init__(
        self, correlations: Iterable[Correlation], lateness_seconds: float = 0.0, *, is_held: bool = False
    ) -> None:
        """Judge by event time; with a lateness, only when what is older has had so long to arrive.

        Without one, a match is judged at once, and one that comes after a younger one is placed where its time says.
        With `is_held`, matches come by `hold` and are judged by `tick`, by a clock that the caller knows to be right.
        """
        if not 0 <= lateness_seconds <= MAX_LATENESS_SECONDS:
            raise InputError(f"lateness must lie in 0 to {MAX_LATENESS_SECONDS:g} seconds")
        known = {each.info.id: each for each in correlations}
        lateness = round(lateness_seconds * 1_000_000)
        self._holds_back = lateness > 0 or is_held
        self._longest_wait = lateness * MAX_DEPTH
        share = max(MIN_SHARE, MAX_HELD // max(1, len(known)))
        depths = _depths(known)
        self._desks = sorted(
            (Desk(each, depths[rule_id], lateness, share) for rule_id, each in known.items()),
            key=lambda desk: desk.depth,
        )
        self._listeners: defaultdict[str, list[Desk]] = defaultdict(list)
        for desk in self._desks:
            for rule in desk.names:
                self._listeners[rule].append(desk)
        self._wanted = _wanted(self._desks)
        self._order = 0
        self._clock = 0
        self._told = 0
        self._changes_bytes: int | None = None
        """Length of all `changes` since the last `dump`; None where that was not written, or something else read."""
        self._dump_bytes = 0
        self.judged = 0
        """How many matches were held back and went on since the start."""

    @property
    def evicted(self) -> int:
        """How many matches were given up because memory is bounded."""
        return sum(desk.groups.evicted for desk in self._desks)

    @property
    def ungrouped(self) -> int:
        """How many matches lacked a group-by field or value, and so could not be correlated."""
        return sum(desk.ungrouped for desk in self._desks)

    @property
    def hurried(self) -> int:
        """How many matches were judged before their time because too many were held back."""
        return sum(desk.holdback.hurried for desk in self._desks)

    @property
    def held(self) -> int:
        """How many matches wait for others."""
        return sum(desk.groups.held for desk in self._desks)

    @property
    def waiting(self) -> int:
        """How many matches are held back for what is late."""
        return sum(desk.holdback.number for desk in self._desks)

    def wanted(self, rule_id: str) -> tuple[str, ...]:
        """Return the Sigma names of the fields whose texts a hit of a rule must carry."""
        return self._wanted.get(rule_id, ())

    def see(self, hit: Hit) -> list[Match]:
        """Take in a match; return the correlation matches it completes, those that listen to them included."""
        return [match for match, _ in self.feed(hit, _NOBODY)]

    def feed(self, hit: Hit, record: Record) -> list[Completed]:
        """Do what `see` does; each match comes with the record that was given with the hit that completed it.

        With a lateness the matches that come back are those of earlier hits, whose time has come.
        """
        listeners = self._listeners.get(hit.rule)
        if listeners is None:
            return []
        completed = self.advance(hit.received) if self._holds_back else []
        self._clock = hit.received
        self._order += MAX_DEPTH
        self._give(hit, record, self._order, completed)
        return completed

    def hold(self, hit: Hit, record: Record, order: int) -> None:
        """Take in a match and judge nothing; of equal times the smaller `order` is the earlier, in steps of 16."""
        for desk in self._listeners.get(hit.rule, ()):
            read = desk.read(hit, order)
            if read is not None:
                desk.holdback.put(Waiting(read[1], read[0], hit, record))

    def tick(self, clock: int) -> list[Completed]:
        """Return what is completed by the held matches that no older one can come before, as of `clock`."""
        self._clock = max(self._clock, clock)
        completed = self.advance(self._clock)
        self.expire()
        return completed

    def advance(self, clock: int) -> list[Completed]:
        """Return the matches whose time has come by `clock`, in microseconds; to be called now and then when idle.

        It changes no answer, only when it is given.
        """
        completed: list[Completed] = []
        if not self._holds_back or not clock:
            return completed
        if clock < self._clock - self._longest_wait:
            # The server's clock was set back: what waits for the old one would wait for too long.
            return self.finish()
        for desk in self._desks:
            for waiting in desk.holdback.due(clock):
                self._judge(desk, waiting, completed)
        return completed

    def finish(self) -> list[Completed]:
        """Judge all that is held back, in order of event time: nothing more will come."""
        completed: list[Completed] = []
        for desk in self._desks:
            for waiting in desk.holdback.rest():
                self._judge(desk, waiting, completed)
        return completed

    def _give(self, hit: Hit, record: Record, order: int, completed: list[Completed]) -> None:
        """Let all who listen to a hit have it, then those who listen to what that completes, and so on."""
        queue = deque([(hit, order)])
        while queue:
            current, place = queue.popleft()
            for desk in self._listeners.get(current.rule, ()):
                read = desk.read(current, place)
                if read is None:
                    continue
                key, added = read
                if self._holds_back:
                    desk.holdback.put(Waiting(added, key, current, record))
                    continue
                found = desk.judge(key, added, current)
                if found is not None:
                    if desk.correlation.is_output:
                        completed.append((found[0], record))
                    queue.append((found[1], place + 1))

    def _judge(self, desk: Desk, waiting: Waiting, completed: list[Completed]) -> None:
        self.judged += 1
        found = desk.judge(waiting.key, waiting.added, waiting.hit)
        if found is not None:
            if desk.correlation.is_output:
                completed.append((found[0], waiting.record))
            # At the same time, a match of a correlation comes after the hit that completed it.
            self._give(found[1], waiting.record, waiting.added.order + 1, completed)

    def expire(self) -> None:
        """Forget what no record can complete any more; called between batches, it changes no answer."""
        for desk in self._desks:
            desk.groups.expire(self._clock)
        self._tell_losses()

    def _tell_losses(self) -> None:
        """Log what was given up, whenever that has doubled."""
        lost = self.evicted + self.hurried
        if lost > 2 * self._told:
            self._told = lost
            worst = max(self._desks, key=lambda desk: desk.groups.evicted + desk.holdback.hurried)
            log.warning(
                "Correlations are full: their oldest matches were given up, or judged before late ones could come.",
                extra={"evicted": self.evicted, "hurried": self.hurried, "most_in": worst.correlation.info.id},
            )

    def dump(self) -> bytes:
        """Return the state; `load` takes it back."""
        state = encode(self._order, self._clock, self._desks)
        self._dump_bytes, self._changes_bytes = len(state), 0
        return state

    def changes(self) -> bytes | None:
        """Return what to put behind the last `dump` and all `changes` since; None where another `dump` is due."""
        written = self._changes_bytes
        if written is None or self._holds_back or written > max(self._dump_bytes, MIN_CHANGES_BYTES):
            return None
        changed = encode_changes(self._order, self._clock, self._desks)
        self._changes_bytes = written + len(changed)
        return changed

    def load(self, state: bytes) -> None:
        """Take back what `dump` returned, with any `changes` after it, or start empty on nothing.

        Raises InputError for anything else.
        What belongs to a correlation that has changed since is left out: it was gathered for another question.
        """
        for desk in self._desks:
            desk.reset()
        self._order = self._clock = 0
        self._changes_bytes = None
        desks = {desk.correlation.info.id: desk for desk in self._desks}
        left_out: set[str] = set()
        for stored in decode(state) if state else ():
            self._order, self._clock = stored.order, stored.clock
            for each in stored.desks:
                known = desks.get(each.rule)
                if known is not None and known.digest == each.digest:
                    put_back(each, known)
                else:
                    left_out.add(each.rule)
        for rule in sorted(left_out):
            log.warning("A correlation has changed; what it had gathered is dropped.", extra={"rule": rule})


def _depths(correlations: Mapping[str, Correlation]) -> dict[str, int]:
    """Return how many levels of correlations stand below each, itself included."""
    depths: dict[str, int] = {}
    while len(depths) < len(correlations):
        before = len(depths)
        for rule_id, each in correlations.items():
            below = [rule for rule in each.rules if rule in correlations]
            if rule_id not in depths and all(rule in depths for rule in below):
                depths[rule_id] = 1 + max((depths[rule] for rule in below), default=0)
        if len(depths) == before or max(depths.values()) > MAX_DEPTH:
            raise InputError(f"correlations lead back to themselves, or stand more than {MAX_DEPTH} deep")
    return depths


def _wanted(desks: Sequence[Desk]) -> dict[str, tuple[str, ...]]:
    """Return for each rule the fields that its listeners look at, and those who listen to them in turn."""
    wanted: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for desk in reversed(desks):
        above = wanted.get(desk.correlation.info.id, {})
        for rule, names in desk.names.items():
            wanted[rule] |= dict.fromkeys(_without_agency((*names.group, *names.values))) | above
    return {rule: tuple(names) for rule, names in wanted.items()}


def _without_agency(names: Iterable[str]) -> Iterator[str]:
    return (name for name in names if name != AGENCY)
