"""Writes records as lines that other programs read: nested ECS objects, or rows that a spreadsheet opens safely."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence

from sentinel.errors import InputError
from sentinel.model.record import Record, Value, nest
from sentinel.model.spreadsheet import row

COLUMNS: tuple[str, ...] = (
    "@timestamp",
    "organization.id",
    "event.dataset",
    "host.name",
    "user.name",
    "source.ip",
    "event.action",
    "event.outcome",
    "message",
    "event.original",
    "event.id",
)
"""Of a table, where none were chosen."""
MAX_COLUMNS = 100


def json_lines(records: Iterable[Record], _columns: Sequence[str]) -> Iterator[bytes]:
    """Yield one nested object a record, in ASCII: whatever undecodable bytes became travels as escapes."""
    for record in records:
        yield json.dumps({"id": record.id, **nest(record.fields)}, separators=(",", ":")).encode("ascii") + b"\n"


def table(records: Iterable[Record], columns: Sequence[str]) -> Iterator[bytes]:
    """Yield the heads and one row a record; several values of a field stand in one cell."""
    if len(columns) > MAX_COLUMNS:
        raise InputError(f"a table has {MAX_COLUMNS} columns at most, not {len(columns)}")
    names = columns or COLUMNS
    yield row(names)
    for record in records:
        yield row(_cell(record.fields.get(name)) for name in names)


Write = Callable[[Iterable[Record], Sequence[str]], Iterator[bytes]]
FORMATS: dict[str, tuple[str, Write]] = {
    "jsonl": ("application/x-ndjson", json_lines),
    "csv": ("text/csv; charset=utf-8", table),
}
"""By name: the media type, and what writes it."""


def _cell(value: Value | None) -> str:
    if value is None:
        return ""
    if isinstance(value, list):
        return "; ".join(_cell(each) for each in value)
    return str(value).lower() if isinstance(value, bool) else str(value)
