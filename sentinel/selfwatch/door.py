"""The way of Sentinel's own events into the journal: the door of every collector, for a collector built in."""

import json
import secrets
import socket
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

from sentinel.crew.judge import OWN_COLLECTOR
from sentinel.event import Event, encode
from sentinel.journal import Batch, Journal
from sentinel.model.moment import from_text, now, to_text

MAX_TEXT_CHARACTERS = 2_000
"""As docs/reference/sentinel-events.md says."""
_CUT = "…"


@dataclass(frozen=True, slots=True)
class Own:
    """One event of ours: a line of docs/reference/sentinel-events.md and the dataset it belongs to."""

    dataset: str
    agency: str
    body: Mapping[str, object]


class Door:
    """Appends own events to the journal. One thread."""

    def __init__(self, journal: Journal, wake: threading.Event) -> None:
        self._journal = journal
        self._wake = wake
        # Not kept from start to start: where the journal is replaced, numbers of old would meet those in the store.
        self._epoch = secrets.token_hex(16)
        self._host = socket.gethostname()

    def last(self, epoch: str) -> int:
        """Return the last sequence of an epoch that is in the journal."""
        return self._journal.last_sequence(OWN_COLLECTOR, epoch)

    def put(self, events: Sequence[Own]) -> None:
        """Keep events that have no number of their own; raise `UnavailableError` where the journal is full."""
        self.number(self._epoch, self.last(self._epoch) + 1, events)

    def number(self, epoch: str, first: int, events: Sequence[Own]) -> None:
        """Keep events whose sequences begin at `first`; those that are kept already change nothing."""
        # A batch belongs to one agency.
        for agency, group in groupby(events, key=lambda event: event.agency):
            lines = [self._line(event) for event in group]
            at = to_text(now())
            self._journal.append(Batch(OWN_COLLECTOR, agency, epoch, first, lines, at))
            first += len(lines)
        self._wake.set()

    def _line(self, own: Own) -> bytes:
        body = {"version": 1, "agency": own.agency, **{name: _short(value) for name, value in own.body.items()}}
        event = Event(
            collector=OWN_COLLECTOR,
            epoch="",
            sequence=0,
            dataset=own.dataset,
            host=self._host,
            seen_at=from_text(str(body["time"])),
            raw=json.dumps(body, ensure_ascii=False, default=str),
        )
        return encode(event)


def _short(value: object) -> object:
    if isinstance(value, str) and len(value) > MAX_TEXT_CHARACTERS:
        return value[: MAX_TEXT_CHARACTERS - 1] + _CUT
    return value
