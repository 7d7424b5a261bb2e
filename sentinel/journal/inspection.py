"""Reads a whole local journal and says what of it is damaged; changes nothing."""

import zlib
from dataclasses import dataclass
from pathlib import Path

from sentinel.database.moment_copy import moment
from sentinel.journal.packing import unpack

MAX_NAMED = 20


@dataclass(frozen=True, slots=True)
class Inspected:
    """What was found."""

    batches: int
    events: int
    faults: tuple[str, ...]
    """A sentence for each of the first damaged batches."""
    lost: int
    """Events in damaged batches."""


def inspect(path: Path) -> Inspected:
    """Return what is in the journal; raise `UnavailableError` where the file itself cannot be read."""
    faults: list[str] = []
    batches = events = lost = 0
    with moment(path) as file:
        faults += [f"the file: {row[0]}" for row in file.rows("PRAGMA integrity_check(20)") if row[0] != "ok"]
        for position, count, collector, body, crc in file.each(
            "SELECT position, count, collector, body, crc FROM batches ORDER BY position"
        ):
            assert isinstance(position, int)
            assert isinstance(count, int)
            assert isinstance(body, bytes)
            batches, events = batches + 1, events + count
            if zlib.crc32(body) != crc or (lines := unpack(body, crc)) is None or len(lines) != count:
                lost += count
                if len(faults) < MAX_NAMED:
                    faults.append(f"{count} events of collector {collector} from position {position} on")
    return Inspected(batches, events, tuple(faults), lost)
