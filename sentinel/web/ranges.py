"""Which time a search covers: a length back from now, or two moments somebody typed."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sentinel.errors import InputError
from sentinel.model.moment import from_text, to_text
from sentinel.web.moments import Clock
from sentinel.web.words import mark

PRESETS = {
    "15m": (timedelta(minutes=15), mark("Last 15 minutes")),
    "1h": (timedelta(hours=1), mark("Last hour")),
    "24h": (timedelta(hours=24), mark("Last 24 hours")),
    "7d": (timedelta(days=7), mark("Last 7 days")),
    "30d": (timedelta(days=30), mark("Last 30 days")),
}
ALL, CUSTOM = "all", "custom"
DEFAULT = "24h"


@dataclass(frozen=True, slots=True)
class Range:
    """First moment inclusive, last exclusive; None where it is open."""

    name: str
    start: str | None
    end: str | None


def read(name: str, start: str, end: str, clock: Clock, at: datetime) -> Range:
    """Return the range asked for at the time `at`; raise `InputError` naming a moment that is none.

    `start` and `end` are local times as `datetime-local` inputs send them, and count for the name `custom` only.
    """
    if name == CUSTOM:
        return Range(name, _typed(start, clock), _typed(end, clock))
    if name == ALL:
        return Range(name, None, None)
    known = name if name in PRESETS else DEFAULT
    # An event a moment ahead of our clock belongs to "now" all the same.
    return Range(known, to_text(at - PRESETS[known][0]), to_text(at + timedelta(minutes=1)))


def instant(text: str | None) -> str | None:
    """Return a time that a program gave, None for none; raise `InputError` for what is no time with a zone."""
    if not text:
        return None
    try:
        return to_text(from_text(text))
    except (ValueError, OverflowError) as error:
        raise InputError(f"'{text}' is not a time; write for example 2026-11-23T08:00:00Z") from error


def _typed(text: str, clock: Clock) -> str | None:
    if not text:
        return None
    try:
        return clock.from_input(text)
    except (ValueError, OverflowError) as error:
        raise InputError(f"'{text[:40]}' is not a time; write for example 2026-11-23T08:00") from error
