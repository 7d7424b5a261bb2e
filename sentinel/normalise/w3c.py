"""W3C extended log format: a `#Fields:` line names the columns, once, and lines of values follow."""

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.hints import COLUMNS

MAX_COLUMNS = 128


def columns(event: Event, known: dict[int, str]) -> dict[str, str]:
    """Return column to value, in small letters, values that are `-` left out.

    `known` holds the customary columns by their number, for lines that came without their header. Raises `InputError`
    where the numbers of columns and values differ.
    """
    values = event.raw.rstrip("\r\n").split(" ")
    hint = event.hints.get(COLUMNS)
    names = (hint if isinstance(hint, str) else known.get(len(values), "")).split()
    if len(values) > MAX_COLUMNS or not names:
        raise InputError(f"a line of {len(values)} columns, and none that says what they are (#Fields:)")
    if len(names) != len(values):
        raise InputError(f"{len(values)} values for {len(names)} columns")
    return {name.lower(): value for name, value in zip(names, values, strict=True) if value not in ("-", "")}
