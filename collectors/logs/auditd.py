"""Input `auditd`: the Linux audit log, each record once, and once more all records of one event together.

A record says one thing: SYSCALL who, EXECVE with what, CWD where, PATH on which file. Whoever looks for processes or
files needs them together; whoever looks at the audit trail needs them one by one.
"""

import json
import re
import time
from collections import OrderedDict
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime

from collectors.logs.file import FileInput
from collectors.reading import Reading
from collectors.settings import AuditdSettings, FileSettings
from sentinel.errors import InputError

RECORD, EVENT = "linux.auditd", "linux.audit_event"
HOLD_SECONDS = 2.0
"""An event whose last record does not come is complete after so long."""
MAX_OPEN = 32
MAX_CHARACTERS = 64_000
"""Of one event; records beyond are read, but not joined."""
_SERIAL = re.compile(r"\btype=(?P<type>\w{1,40}) (?:msg=)?audit\((?P<id>[\d.]{1,20}:\d{1,12})\)")
_LAST_TYPES = frozenset({"PROCTITLE", "EOE"})


@dataclass(slots=True)
class _Open:
    """Records of an event that may not be complete."""

    path: str
    since: float
    lines: list[str] = field(default_factory=list)

    def add(self, line: str) -> None:
        if sum(map(len, self.lines)) + len(line) <= MAX_CHARACTERS:
            self.lines.append(line)


def _now() -> datetime:
    return datetime.now(UTC)


class AuditdInput:
    """Tails the audit log and joins its records."""

    def __init__(
        self,
        settings: AuditdSettings,
        *,
        now: Callable[[], datetime] = _now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is opened yet."""
        self.name = settings.name
        self._now = now
        self._clock = clock
        self._file = FileInput(
            FileSettings(name=settings.name, path=settings.path, dataset=RECORD, start=settings.start),
            now=now,
            clock=clock,
        )
        self._open: OrderedDict[str, _Open] = OrderedDict()

    def open(self, cursor: str | None) -> None:
        """Start after what `cursor` stands for, with the events that were not complete then."""
        place, self._open = cursor, OrderedDict()
        if cursor is not None:
            with suppress(InputError):  # the file input says so in its own words, and starts anew
                place, self._open = _parts(cursor, self._clock())
        self._file.open(place)

    def read(self, limit: int, wait_seconds: float) -> tuple[list[Reading], str]:
        """Return new records, each event behind its last one; see `Input`."""
        found, place = self._file.read(max(1, limit // 2), wait_seconds)
        readings: list[Reading] = []
        for reading in found:
            readings.append(reading)
            if reading.dataset == RECORD:
                readings += self._join(reading)
        deadline = self._clock() - HOLD_SECONDS
        for serial in [key for key, each in self._open.items() if each.since <= deadline][: limit - len(readings)]:
            readings += self._close(serial)
        held = {key: [each.path, *each.lines] for key, each in self._open.items()}
        return readings, json.dumps({"file": place, "open": held}, separators=(",", ":"))

    def close(self) -> None:
        """Close all files."""
        self._file.close()

    def inspect(self, cursor: str | None) -> list[str]:
        """Return one sentence per file that would be read."""
        return self._file.inspect(None if cursor is None else _parts(cursor, 0.0)[0])

    def _join(self, reading: Reading) -> list[Reading]:
        """Add a record to its event; return that event, or the oldest, if it is complete."""
        found = _SERIAL.search(reading.raw)
        if found is None:
            return []
        serial = found["id"]
        path = str(reading.hints.get("log.file.path", ""))
        self._open.setdefault(serial, _Open(path, self._clock())).add(reading.raw)
        if found["type"] in _LAST_TYPES:
            return self._close(serial)
        return self._close(next(iter(self._open))) if len(self._open) > MAX_OPEN else []

    def _close(self, serial: str) -> list[Reading]:
        """Return an event as one reading; nothing for a record that stood alone."""
        event = self._open.pop(serial)
        if len(event.lines) < 2 or not any("type=SYSCALL" in line for line in event.lines):
            return []
        return [Reading(EVENT, "\n".join(event.lines), self._now(), {"log.file.path": event.path})]


def _parts(cursor: str, now: float) -> tuple[str, OrderedDict[str, _Open]]:
    """Return the file's place and the open events in a cursor; raise `InputError` when it is not one."""
    try:
        found = json.loads(cursor)
        held = OrderedDict((key, _Open(path, now, lines)) for key, (path, *lines) in found["open"].items())
        return str(found["file"]), held
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise InputError("the cursor of an auditd input is not readable") from error
