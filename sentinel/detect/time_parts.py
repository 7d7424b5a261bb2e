"""Parts of a time in UTC, as records keep their times."""

from collections.abc import Callable
from datetime import UTC, datetime

from sentinel.model.record import Scalar

_PARTS: dict[str, Callable[[datetime], int]] = {
    "minute": lambda moment: moment.minute,
    "hour": lambda moment: moment.hour,
    "day": lambda moment: moment.day,
    "week": lambda moment: moment.isocalendar().week,
    "month": lambda moment: moment.month,
    "year": lambda moment: moment.year,
}


def part_of(value: Scalar, unit: str) -> int | None:
    """Return one part of the time in `value`, or None where it is no time; without a zone it is taken as UTC."""
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return _PARTS[unit](moment if moment.tzinfo is None else moment.astimezone(UTC))
    except (ValueError, OverflowError):
        return None
