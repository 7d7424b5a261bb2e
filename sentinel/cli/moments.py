"""Times as people type them at the command line: a day, a moment, or how long ago."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sentinel.errors import InputError
from sentinel.model.moment import now, to_text

_AGO = re.compile(r"(\d{1,5})([mhdw])", re.ASCII)
_UNITS = {"m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def time_of(text: str | None, zone: ZoneInfo, option: str) -> str | None:
    """Return a time as the store has it, None for None; raise `InputError` naming the option.

    `24h` and `7d` are so long ago; what has no time zone is in `zone`.
    """
    if text is None:
        return None
    if (ago := _AGO.fullmatch(text)) is not None:
        return to_text(now() - timedelta(**{_UNITS[ago[2]]: int(ago[1])}))
    try:
        moment = datetime.fromisoformat(text)
        return to_text(moment if moment.tzinfo else moment.replace(tzinfo=zone))
    except (ValueError, OverflowError) as error:
        reason = f"{option}: '{text}' is not a time; write 2026-11-23, 2026-11-23T08:00, 24h or 7d"
        raise InputError(reason) from error
