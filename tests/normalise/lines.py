"""Makes events of raw lines, so that a test shows only the line and what is read in it."""

from datetime import UTC, datetime

from sentinel.event import Event, Hint
from sentinel.model.record import Fields
from sentinel.normalise import normalise

SEEN_AT = datetime(2026, 11, 23, 3, 0, tzinfo=UTC)
RECEIVED_AT = "2026-11-23T03:00:01.000000Z"


def line(dataset: str, raw: str, *, seen_at: datetime = SEEN_AT, **hints: Hint) -> Event:
    """Return the event a collector would ship; hint names are written with `__` for the dot."""
    named = {name.replace("__", "."): value for name, value in hints.items()}
    return Event(
        collector="c1", epoch="e1", sequence=7, dataset=dataset, host="portal01", seen_at=seen_at, raw=raw, hints=named
    )


def fields(dataset: str, raw: str, *, seen_at: datetime = SEEN_AT, **hints: Hint) -> Fields:
    """Return the fields of the record that the server makes of a line."""
    event = line(dataset, raw, seen_at=seen_at, **hints)
    return dict(normalise(event, agency="commune-0117", received_at=RECEIVED_AT).fields)
