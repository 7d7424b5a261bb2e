"""What one part of the hits has gathered: correlations, how far each part of the journal has come, and the clock."""

from collections.abc import Iterable, Sequence

import msgspec

from sentinel.detect.correlate.correlator import Correlator
from sentinel.detect.correlate.hit import Hit
from sentinel.errors import InputError
from sentinel.lanes.hits import Stretch, Wanted
from sentinel.lanes.keys import Families
from sentinel.model.match import Match
from sentinel.model.record import Record

STALL_SECONDS = 120
"""A part of the journal that is further behind the first one is not waited for: it may have no worker for long."""
ORDER_STEP = 16
INDEX_MASK = (1 << 14) - 1
_MAGIC = b"SENTINEL-CONCLUSIONS-1\n"
Completed = tuple[Match, Record]


class _Kept(msgspec.Struct, frozen=True, array_like=True):
    upto: dict[int, int]
    received: dict[int, int]
    clock: int
    families: dict[str, bytes]
    logs: dict[int, str] = {}


class Conclusions:
    """The same stretches in the same order give the same matches, whoever judges them; repeats change nothing."""

    def __init__(
        self,
        families: Families,
        sources: Sequence[int],
        lateness_seconds: float,
        *,
        stall_seconds: int = STALL_SECONDS,
    ) -> None:
        """Judge for `families`; `sources` are the numbers of the parts of the journal.

        A part that is `stall_seconds` behind the first one is not waited for.
        """
        self._stall = stall_seconds * 1_000_000
        self._sources = tuple(sources)
        self._correlators = {
            family.id: Correlator(family.correlations, lateness_seconds, is_held=True) for family in families.members
        }
        self._encoded: dict[str, bytes] = {}
        self._upto: dict[int, int] = {}
        self._received: dict[int, int] = {}
        self._clock = 0
        self._logs: dict[int, str] = {}
        """Which journal the positions of a part are of."""
        self.gaps = 0
        """How often hits between two stretches had been lost."""

    def take(self, stretch: Stretch) -> list[Completed]:
        """Take in a stretch; return what is completed by now, in order of event time within its group."""
        known = self._known(stretch)
        if known is not None and stretch.first > known:
            self.gaps += 1
        touched: set[str] = set()
        for wanted in stretch.wanted:
            if known is None or wanted.place >= known:
                touched.update(self._hold(wanted, stretch))
        self._upto[stretch.source] = max(stretch.upto, known or 0)
        self._received[stretch.source] = max(stretch.received, self._received.get(stretch.source, 0))
        return self._advance(touched)

    def _known(self, stretch: Stretch) -> int | None:
        """Return how far the part has come: to its beginning where the journal was made anew, None before all."""
        before = self._logs.get(stretch.source)
        if stretch.log:
            self._logs[stretch.source] = stretch.log
            if before is not None and before != stretch.log:
                self._upto[stretch.source] = 0
        return self._upto.get(stretch.source)

    def _hold(self, wanted: Wanted, stretch: Stretch) -> Iterable[str]:
        hit = wanted.hit
        record = Record(hit.record, stretch.records[hit.record])
        for name in wanted.families:
            # Who found it may have newer rules than we, or older ones.
            if (correlator := self._correlators.get(name)) is not None:
                correlator.hold(hit, record, _order(hit, wanted.place))
        return wanted.families

    def _advance(self, touched: set[str]) -> list[Completed]:
        received = [self._received.get(source, 0) for source in self._sources]
        clock = max(min(received), max(received) - self._stall, self._clock)
        moved = clock > self._clock
        self._clock = clock
        completed: list[Completed] = []
        for name, correlator in self._correlators.items():
            if not moved and name not in touched:
                continue
            before = correlator.judged
            completed += correlator.tick(clock)
            if name in touched or before != correlator.judged:
                self._encoded.pop(name, None)
        return completed

    def dump(self) -> bytes:
        """Return everything; `load` takes it back."""
        for name, correlator in self._correlators.items():
            if name not in self._encoded:
                self._encoded[name] = correlator.dump() if correlator.held or correlator.waiting else b""
        kept = {name: state for name, state in self._encoded.items() if state}
        return _MAGIC + msgspec.msgpack.encode(_Kept(self._upto, self._received, self._clock, kept, self._logs))

    def load(self, state: bytes) -> None:
        """Take back what `dump` returned, or start empty on nothing; raise `InputError` where it is damaged."""
        self._encoded.clear()
        kept = _read(state) if state else _Kept({}, {}, 0, {})
        for name, correlator in self._correlators.items():
            correlator.load(kept.families.get(name, b""))
        self._upto, self._received, self._clock = dict(kept.upto), dict(kept.received), kept.clock
        self._logs = dict(kept.logs)


def _read(state: bytes) -> _Kept:
    if not state.startswith(_MAGIC):
        raise InputError("the state of correlations is of another version; start without it")
    try:
        return msgspec.msgpack.decode(state[len(_MAGIC) :], type=_Kept)
    except msgspec.DecodeError as error:
        raise InputError(f"the state of correlations is damaged ({error}); start without it") from error


def _order(hit: Hit, place: int) -> int:
    # By milliseconds of receipt, then by place in the batch: the order of lines within a sender's batch, and the same
    # whichever of two parts is read first.
    return ((hit.received // 1_000 << 14) | (place & INDEX_MASK)) * ORDER_STEP
