"""A sender and short ways to ask a door."""

import json
from typing import Any

from sentinel.event import decode
from sentinel.intake.door import Asked, Door, Reading
from sentinel.intake.lines import Line, encoded
from sentinel.model.moment import from_text
from sentinel.model.record import Fields
from sentinel.model.sender import Sender
from sentinel.normalise import normalise

SENDER = Sender(id="s-1", door="any", name="x", agency="dept-a", dataset="app.portal")
RECEIVED = "2026-11-23T08:00:00.000000Z"


def ask(door: Door, body: bytes, path: str = "/_bulk", **more: Any) -> Reading:
    """Return what a door reads in a body."""
    return door.read(Asked(path=path, **more), body, SENDER)


def answer(reading: Reading) -> Any:
    """Return the JSON of the reply."""
    return json.loads(reading.reply.body)


def record(line: Line) -> Fields:
    """Return the fields of the record that a line becomes."""
    event = decode(encoded(line, "k", from_text(RECEIVED)), collector="s-1", epoch="e", sequence=7)
    return dict(normalise(event, agency="dept-a", received_at=RECEIVED).fields)


def bulk(*pairs: object) -> bytes:
    """Return the values as newline-delimited JSON."""
    return b"".join(json.dumps(each).encode() + b"\n" for each in pairs)
