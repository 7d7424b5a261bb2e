"""Times as sources write them become fixed-width UTC texts."""

import re
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo

from sentinel.errors import InputError

FIRST_YEAR, LAST_YEAR = 1970, 2199
"""A time outside these years is a fault of the source; the stores' time types end not far beyond."""
CLOCK_TOLERANCE = timedelta(days=1)
"""A time without a year may be this far ahead of the collector's clock before it counts as last year's."""

_AS_WE_WRITE_IT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}Z").fullmatch
_MONTHS = {
    name: number
    for number, name in enumerate("Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split(), start=1)  # noqa: SIM905
}


def to_text(moment: datetime) -> str:
    """Return an aware time as `moment.to_text` would, only faster; raise `InputError` for a year nobody means."""
    try:
        utc = moment if moment.tzinfo is UTC else moment.astimezone(UTC)
    except OverflowError as error:
        raise InputError(f"time out of range: {moment.isoformat()}") from error
    if not FIRST_YEAR <= utc.year <= LAST_YEAR:
        raise InputError(f"time out of range: {utc.isoformat()}; expected a year from {FIRST_YEAR} to {LAST_YEAR}")
    text = utc.isoformat()  # ends with `+00:00`, and has no fraction where it is zero
    return text[:-6] + "Z" if utc.microsecond else text[:-6] + ".000000Z"


def iso(text: str, zone: tzinfo = UTC) -> str:
    """Return an ISO 8601 or RFC 3339 time as text; `zone` is used where it names none."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(text.strip())
        except ValueError as error:
            raise InputError(f"not an ISO 8601 time: {text[:40]!r}") from error
    if FIRST_YEAR <= moment.year <= LAST_YEAR and _AS_WE_WRITE_IT(text):
        return text
    return to_text(moment if moment.tzinfo else moment.replace(tzinfo=zone))


@lru_cache(maxsize=4096)
def _clf(text: str) -> str:
    day, month, year = int(text[0:2]), _MONTHS[text[3:6]], int(text[7:11])
    hour, minute, second = int(text[12:14]), int(text[15:17]), int(text[18:20])
    sign = -1 if text[21] == "-" else 1
    offset = timedelta(hours=int(text[22:24]), minutes=int(text[24:26])) * sign
    return to_text(datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC) - offset)


def clf(text: str) -> str:
    """Return the time of a web server's log, `23/Nov/2026:15:04:05 +0700`, as text."""
    if text[1:2] == "/":
        text = "0" + text
    if len(text) != 26:
        raise InputError(f"not the time of a web server's log: {text[:40]!r}")
    try:
        return _clf(text)
    except (ValueError, KeyError, OverflowError) as error:
        raise InputError(f"not the time of a web server's log: {text!r}") from error


@lru_cache(maxsize=4096)
def _in_year(text: str, year: int, zone: tzinfo) -> datetime | None:
    name, number, clock = text.split()
    month, day = _MONTHS[name], int(number)
    hour, minute, second = int(clock[0:2]), int(clock[3:5]), int(clock[6:8])
    if day == 29 and month == 2 and year % 4:
        return None
    return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone).astimezone(UTC)


def syslog(text: str, seen_at: datetime, zone: tzinfo) -> str:
    """Return the time of RFC 3164, `Nov 23 15:04:05`, in the nearest year that is not in the future of `seen_at`."""
    try:
        for year in range(seen_at.year + 1, seen_at.year - 8, -1):
            moment = _in_year(text, year, zone)
            if moment is not None and moment <= seen_at + CLOCK_TOLERANCE:
                return to_text(moment)
    except (ValueError, KeyError, OverflowError) as error:
        raise InputError(f"not a syslog time: {text[:40]!r}") from error
    raise InputError(f"there is no such day: {text[:40]!r}")


def month_number(name: str) -> str:
    """Return the two digits of a month's English short name; raise `InputError` where it is none."""
    if name not in _MONTHS:
        raise InputError(f"not a month: {name[:10]!r}")
    return f"{_MONTHS[name]:02}"


@lru_cache(maxsize=256)
def zone_of(name: str) -> tzinfo:
    """Return the time zone of an IANA name or an offset like `+07:00`; raise `InputError` for anything else."""
    if name == "UTC":
        return UTC
    if name[:1] in "+-" and name:
        try:
            zone = datetime.fromisoformat(f"2000-01-01T00:00:00{name}").tzinfo
        except ValueError as error:
            raise InputError(f"event.timezone: not an offset: {name[:40]!r}; write it like '+07:00'") from error
        return zone or UTC
    try:
        return ZoneInfo(name)
    except (ValueError, OSError, KeyError) as error:  # ZoneInfoNotFoundError is a KeyError
        raise InputError(f"event.timezone: unknown time zone {name[:40]!r}; write it like '+07:00'") from error
