"""Input `file`: the lines of text logs, each once, through rotation, truncation and restarts."""

import glob
import json
import logging
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime
from itertools import islice

from collectors.reading import GAP, Reading
from collectors.settings import FileSettings
from collectors.tail.fingerprint import Place, place_from_json
from collectors.tail.follower import Source
from collectors.tail.siblings import look
from collectors.tail.watch import MAX_FILES, Watch
from sentinel.errors import InputError, UnavailableError

log = logging.getLogger(__name__)

POLL_SECONDS = 0.2


def _now() -> datetime:
    return datetime.now(UTC)


def _local_offset(moment: datetime) -> str:
    text = moment.astimezone().strftime("%z")
    return "" if text in ("", "+0000") else f"{text[:3]}:{text[3:5]}"


class FileInput:
    """Tails the files of one path or glob."""

    def __init__(
        self,
        settings: FileSettings,
        *,
        now: Callable[[], datetime] = _now,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """Prepare; nothing is opened yet."""
        self.name = settings.name
        self._settings = settings
        self._clock = clock
        self._source = Source(settings.dataset, now, settings.timezone or _local_offset(now()))
        self._watch = self._new_watch()
        self._damage: list[Reading] = []

    def open(self, cursor: str | None) -> None:
        """Start after what `cursor` stands for; a file that is not there yet is waited for."""
        self._watch = self._new_watch()
        try:
            places = None if cursor is None else places_of(cursor)
        except InputError as error:
            log.warning("A cursor is damaged; the input starts anew.", extra={"input": self.name})
            self._damage = [Reading(GAP, f"input {self.name}: {error}; it starts anew", self._source.now())]
            places = None
        if places is None:
            self._watch.begin(at_end=self._settings.start == "end")
        else:
            self._watch.resume(places)

    def read(self, limit: int, wait_seconds: float) -> tuple[list[Reading], str]:
        """Return new lines; see `Input`."""
        deadline = self._clock() + wait_seconds
        readings, self._damage = self._damage, []
        while True:
            readings += self._watch.read(limit)
            left = deadline - self._clock()
            if readings or left <= 0:
                return readings, self._cursor()
            time.sleep(min(POLL_SECONDS, left))

    def close(self) -> None:
        """Close all files."""
        self._watch.close()

    def inspect(self, cursor: str | None) -> list[str]:
        """Return one sentence per file that would be read."""
        places = {} if cursor is None else {place.key: place for place in places_of(cursor)}
        start = "at its end" if cursor is None and self._settings.start == "end" else "at its beginning"
        sentences = []
        for path in sorted(islice(glob.iglob(self._settings.path, recursive=True), MAX_FILES)):  # noqa: PTH207
            found = look(path)
            if found is None or not os.access(path, os.R_OK):
                sentences.append(f"{path}: cannot be read; grant the collector's user the right to read it")
            elif (place := places.get(found.key)) is None:
                sentences.append(f"{path}: {found.size} bytes, will start {start}")
            else:
                sentences.append(f"{path}: {found.size} bytes, goes on at byte {place.fingerprint.offset}")
        if sentences and all(": cannot be read" in sentence for sentence in sentences):
            raise UnavailableError("; ".join(sentences))
        return sentences or [f"{self._settings.path}: no file there yet; it is waited for"]

    def _new_watch(self) -> Watch:
        return Watch(self._settings.path, self._source, self._clock)

    def _cursor(self) -> str:
        return json.dumps([place.to_json() for place in self._watch.places()], separators=(",", ":"))


def places_of(cursor: str) -> list[Place]:
    """Return the places in a cursor; raise `InputError` when it is not one."""
    try:
        values = json.loads(cursor)
    except (ValueError, RecursionError) as error:
        raise InputError("the cursor of a file input is not readable") from error
    if not isinstance(values, list):
        raise InputError("the cursor of a file input is not readable")
    return [place_from_json(value) for value in values]
