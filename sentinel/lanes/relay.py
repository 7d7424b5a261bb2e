"""Hands the hits of one part of the journal to those who judge correlations, before the part's mark moves."""

import time
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator, Sequence
from datetime import datetime

from sentinel.detect.correlate.hit import Hit, microseconds
from sentinel.errors import UnavailableError
from sentinel.journal import Entry
from sentinel.lanes import hits
from sentinel.lanes.hits import Stretch, Wanted
from sentinel.lanes.keys import Families
from sentinel.model.moment import to_text
from sentinel.model.record import Record

IDLE_SECONDS = 0.5
"""With nothing to do, who judges is told so as often: it waits for the slowest part."""
Send = Callable[[Sequence[tuple[int, bytes]]], None]
"""Writes messages, each to a part of the hits, in order for each; durable on return, else `UnavailableError`."""


class HitRelay:
    """Sends every stretch to every part of the hits, also where there is nothing for it: so a loss would show."""

    def __init__(
        self,
        source: int,
        parts: int,
        families: Callable[[], Families],
        send: Send,
        max_bytes: int,
        log: Callable[[], str] = str,
    ) -> None:
        """Speak for part `source` of the journal, which is `log` now; `parts` is the number of those of the hits."""
        self._source = source
        self._parts = parts
        self._families = families
        self._send = send
        self._max_bytes = max_bytes
        self._log = log
        self._received = 0
        self._told_at = 0.0

    def send(self, first: int, upto: int, found: Sequence[tuple[Entry, Record, Sequence[Hit]]]) -> None:
        """Hand on the hits of the positions from `first` to before `upto`, durable on return."""
        families = self._families()
        wanted: defaultdict[int, list[Wanted]] = defaultdict(list)
        records: defaultdict[int, dict[str, Record]] = defaultdict(dict)
        for entry, record, on_record in found:
            for hit in on_record:
                for part, names in self._ways(families, hit).items():
                    wanted[part].append(Wanted(entry.position, hit, names))
                    records[part][record.id] = record
        if found:
            self._received = max(self._received, *(microseconds(entry.received_at) for entry, _, _ in found))
        stretches = [
            Stretch(
                hits.VERSION,
                self._source,
                first,
                upto,
                self._received,
                {name: hits.fields_of(record.fields) for name, record in records[part].items()},
                wanted[part],
                self._log(),
            )
            for part in range(self._parts)
        ]
        self._deliver([list(self._fitting(stretch)) for stretch in stretches])

    def idle(self, position: int, at: datetime) -> None:
        """Say that nothing received before `at` waits."""
        if time.monotonic() - self._told_at < IDLE_SECONDS:
            return
        self._received = max(self._received, microseconds(to_text(at)))
        quiet = hits.encode(
            Stretch(hits.VERSION, self._source, position, position, self._received, {}, [], self._log())
        )
        self._deliver([[quiet]] * self._parts)

    def _ways(self, families: Families, hit: Hit) -> dict[int, list[str]]:
        ways: defaultdict[int, list[str]] = defaultdict(list)
        for family in families.listening(hit.rule):
            key = family.key(hit).encode("utf-8", "backslashreplace")
            ways[zlib.crc32(key) % self._parts].append(family.id)
        return ways

    def _deliver(self, bodies: Sequence[Sequence[bytes]]) -> None:
        # Where one stretch takes several messages, none may be there without the one before it.
        for turn in range(max(map(len, bodies))):
            self._send([(part, of_part[turn]) for part, of_part in enumerate(bodies) if turn < len(of_part)])
        self._told_at = time.monotonic()

    def _fitting(self, stretch: Stretch) -> Iterator[bytes]:
        body = hits.encode(stretch)
        if len(body) <= self._max_bytes:
            yield body
            return
        smaller = list(hits.halves(stretch))
        if smaller == [stretch]:
            raise UnavailableError(
                f"the hits on one event take {len(body)} bytes, more than the {self._max_bytes} that their topic "
                "takes; raise max.message.bytes of the topic"
            )
        for each in smaller:
            yield from self._fitting(each)
