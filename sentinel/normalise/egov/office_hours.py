"""When the city's offices are open; what happens outside is worth a second look."""

from datetime import datetime, timedelta, timezone

OFFICE_ZONE = timezone(timedelta(hours=7), "Asia/Ho_Chi_Minh")
"""Viet Nam has no summer time, so a fixed offset is exact and needs no time zone data."""
OPENING_HOUR, CLOSING_HOUR = 7, 18
SUNDAY = 6


def local(text: str) -> datetime:
    """Return a time of a record as the clock in the office shows it."""
    return datetime.fromisoformat(text).astimezone(OFFICE_ZONE)


def is_open(text: str) -> bool:
    """Return whether a time lies in Monday to Saturday, 07:00 to 18:00."""
    at = local(text)
    return OPENING_HOUR <= at.hour < CLOSING_HOUR and at.weekday() != SUNDAY
