"""Fields and events as one line that a person can take in."""

from sentinel.model.record import Record

SUMMARY_CHARACTERS = 400


def shown(value: object) -> str:
    """Return a field's value as one text."""
    return ", ".join(str(one) for one in value) if isinstance(value, (list, tuple)) else str(value)


def summary(record: Record) -> str:
    """Return the one line that tells what the event is."""
    for name in ("message", "process.command_line", "event.original"):
        if text := str(record.fields.get(name, "")).strip():
            return text[:SUMMARY_CHARACTERS]
    return ""


def pairs(record: Record) -> list[tuple[str, str]]:
    """Return all fields by name, each as one text."""
    return [(name, shown(value)) for name, value in sorted(record.fields.items())]
