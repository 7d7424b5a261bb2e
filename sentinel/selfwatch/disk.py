"""How full the disk has been for two weeks, and so on which day it will be full if it goes on like that."""

import json
import logging
import shutil
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from sentinel.model.moment import from_text, to_text

log = logging.getLogger(__name__)

FILE_NAME = "disk.json"
EVERY = timedelta(hours=1)
KEPT = timedelta(days=14)
LEAST = timedelta(hours=6)
"""A shorter time says little about a rate."""
FARTHEST = timedelta(days=3650)
"""Beyond that it is not filling."""
MAX_FILE_BYTES = 200_000


@dataclass(frozen=True, slots=True)
class Sample:
    """How much was used at a time."""

    at: datetime
    used_bytes: int


class DiskHistory:
    """Samples in a small file of the home, so that a restart forgets nothing; a broken file only begins anew."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self._path = home / FILE_NAME
        self._samples = _read(self._path)

    def note(self, at: datetime) -> None:
        """Keep how full the disk is, once an hour."""
        if self._samples and timedelta(0) <= at - self._samples[-1].at < EVERY:
            return
        total, _, free = shutil.disk_usage(self._home)
        young = [each for each in self._samples if timedelta(0) < at - each.at <= KEPT]
        self._samples = [*young, Sample(at, total - free)]
        text = json.dumps([[to_text(each.at), each.used_bytes] for each in self._samples])
        part = self._path.with_suffix(".part")
        try:
            part.write_text(text, "utf-8")
            part.replace(self._path)
        except OSError as error:
            # A full disk is what this is about; the samples in memory do as well.
            log.warning("Cannot keep how full the disk is.", extra={"reason": error.strerror})

    def full_on(self, at: datetime) -> datetime | None:
        """Return when the disk is full at the present rate; None where it does not fill, or too little is known."""
        return forecast(self._samples, shutil.disk_usage(self._home).free, at)


def forecast(samples: list[Sample], free_bytes: int, at: datetime) -> datetime | None:
    """Return when `free_bytes` will be used up; the rate is the straight line nearest to the samples. Pure."""
    if len(samples) < 2 or samples[-1].at - samples[0].at < LEAST:
        return None
    seconds = [(each.at - samples[0].at).total_seconds() for each in samples]
    middle = sum(seconds) / len(seconds)
    usual = sum(each.used_bytes for each in samples) / len(samples)
    spread = sum((second - middle) ** 2 for second in seconds)
    steps = zip(seconds, samples, strict=True)
    slope = sum((second - middle) * (each.used_bytes - usual) for second, each in steps) / spread
    if slope <= 0 or free_bytes / slope > FARTHEST.total_seconds():
        return None
    return at + timedelta(seconds=free_bytes / slope)


def _read(path: Path) -> list[Sample]:
    try:
        with path.open("rb") as file:
            rows = json.loads(file.read(MAX_FILE_BYTES))
        found = [Sample(from_text(at), int(used)) for at, used in rows]
    except FileNotFoundError:
        return []
    except (OSError, ValueError, TypeError, RecursionError) as error:
        log.warning("What was known of the disk cannot be read; it begins anew.", extra={"reason": str(error)})
        return []
    return sorted(found, key=lambda sample: sample.at)
