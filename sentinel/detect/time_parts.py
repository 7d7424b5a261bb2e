"""Parts of a time in UTC, as records keep their times."""

from collections.abc import Callable
from datetime import UTC, datetime

from sigma.types import TimestampPart

from sentinel.model.record import Scalar

_PARTS: dict[TimestampPart, Callable[[datetime], int]] = {
    TimestampPart.MINUTE: lambda moment: moment.minute,
    TimestampPart.HOUR: lambda moment: moment.hour,
    TimestampPart.DAY: lambda moment: moment.day,
    TimestampPart.WEEK: lambda moment: moment.isocalendar().week,
    TimestampPart.MONTH: lambda moment: moment.month,
    TimestampPart.YEAR: lambda moment: moment.year,
}


def part_of(value: Scalar, unit: TimestampPart) -> int | None:
    """Return one part of the time in `value`, or None where it is no time; without a zone it is taken as UTC."""
    if not isinstance(value, str) or len(value) > 64:
        return None
    try:
        moment = datetime.fromisoformat(value.strip())
        return _PARTS[unit](moment if moment.tzinfo is None else moment.astimezone(UTC))
    except (ValueError, OverflowError):
        return None
