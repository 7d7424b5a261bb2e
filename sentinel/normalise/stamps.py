"""Times as they stand at the front of a text line, where no format says which kind it is."""

import re
from datetime import UTC, datetime, tzinfo

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.normalise import times

_DAY_FIRST = re.compile(
    r"(?P<day>\d{2})-(?P<month>[A-Z][a-z]{2})-(?P<year>\d{4}) (?P<clock>\d\d:\d\d:\d\d(?:\.\d{1,9})?)"
)
_YEAR_FIRST = re.compile(
    r"(?P<year>\d{4})[-/](?P<month>\d\d)[-/](?P<day>\d\d)[T ](?P<clock>\d\d:\d\d:\d\d(?:[.,]\d{1,9})?)"
    r" ?(?P<zone>Z\b|UTC\b|GMT\b|[+-]\d\d:?\d\d\b)?"
)
# Apache's error log and vsftpd: `Thu Sep 30 13:27:06.009964 2021`.
_NAMED = re.compile(
    r"[A-Z][a-z]{2} (?P<month>[A-Z][a-z]{2}) (?P<day> ?\d{1,2}) (?P<clock>\d\d:\d\d:\d\d(?:\.\d{1,9})?) (?P<year>\d{4})"
)
_SHAPES = (_YEAR_FIRST, _NAMED, _DAY_FIRST)
_MICROSECONDS = 6


def leading(event: Event, text: str | None = None) -> tuple[str | None, str]:
    """Return the time at the front of the event's line (or of `text`), and what follows it.

    The time is None, and the text whole, where there is none, or one that no calendar has. A bracket around the time
    goes with it. Times without a zone are read in the one the collector named, else as UTC.
    """
    line = event.raw if text is None else text
    start = 1 if line.startswith("[") else 0
    for shape in _SHAPES:
        if found := shape.match(line, start):
            try:
                moment = _moment(found.groupdict(), zone_of(event))
            except InputError:
                return None, line
            return moment, line[found.end() :].removeprefix("]").lstrip(" :")
    return None, line


def zone_of(event: Event) -> tzinfo:
    """Return the zone that the collector names for times without one."""
    hint = event.hints.get("event.timezone")
    return times.zone_of(hint if isinstance(hint, str) else "UTC")


def _moment(found: dict[str, str | None], zone: tzinfo) -> str:
    month = found["month"] or ""
    number = month if month.isdigit() else times.month_number(month)
    clock = (found["clock"] or "").replace(",", ".")
    head, dot, fraction = clock.partition(".")
    offset = found.get("zone") or ""
    offset = "+00:00" if offset in ("Z", "UTC", "GMT") else offset
    day = (found["day"] or "").strip().zfill(2)
    return times.iso(f"{found['year']}-{number:0>2}-{day}T{head}{dot}{fraction[:_MICROSECONDS]}{offset}", zone)


def epoch(text: str) -> str:
    """Return Unix seconds, with or without a fraction, as text; raise `InputError` where they are none."""
    try:
        return times.to_text(datetime.fromtimestamp(float(text), UTC))
    except (ValueError, OverflowError, OSError) as error:
        raise InputError(f"not a time in seconds since 1970: {text[:40]!r}") from error
