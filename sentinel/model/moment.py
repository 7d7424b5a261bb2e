"""Time is aware UTC; as text it has a fixed width, so that text order is time order."""

from datetime import UTC, datetime


def now() -> datetime:
    """Return the current time, always aware, always UTC."""
    return datetime.now(UTC)


def to_text(moment: datetime) -> str:
    """Return `moment` as RFC 3339 in UTC with six digits of a second: `2026-11-23T08:00:00.000000Z`."""
    utc = moment.astimezone(UTC)
    return f"{utc:%Y-%m-%dT%H:%M:%S}.{utc.microsecond:06d}Z"


def from_text(text: str) -> datetime:
    """Return the aware UTC time in `text` as `to_text` writes it; raise ValueError on anything else."""
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise ValueError(f"no time zone in {text!r}")
    return moment.astimezone(UTC)
