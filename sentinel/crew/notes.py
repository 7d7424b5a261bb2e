"""Which events of a batch the pipeline must look at itself: the others it need not even decode."""

from collections.abc import Sequence

import msgspec

from sentinel.journal import Entry
from sentinel.model.record import Record

KIND = "event.kind"
EVENT = "event"


class Notes(msgspec.Struct, array_like=True):
    """Places in a batch, from 0, in order."""

    keyed: list[int] = []
    """Events with a key: their senders have no sequences and may send them again."""
    latest: list[int] = []
    """The last event of every source, and others of it before that."""
    unusual: list[int] = []
    """What is no ordinary event, such as a line that could not be read."""


def noted(entries: Sequence[Entry], records: Sequence[Record]) -> Notes:
    """Return the notes on entries and what was made of them."""
    notes = Notes()
    latest: dict[tuple[str, str], int] = {}
    for place, (entry, record) in enumerate(zip(entries, records, strict=True)):
        event = entry.event
        latest[event.collector, event.dataset] = place
        if event.key:
            notes.keyed.append(place)
        if record.fields.get(KIND) != EVENT:
            notes.unusual.append(place)
    notes.latest += sorted(latest.values())
    return notes


def joined(parts: Sequence[tuple[int, Notes]]) -> Notes:
    """Return notes on batches that follow each other, given with their sizes, as those on one."""
    whole, begin = Notes(), 0
    for size, notes in parts:
        for name in Notes.__struct_fields__:
            getattr(whole, name).extend(begin + place for place in getattr(notes, name))
        begin += size
    return whole
