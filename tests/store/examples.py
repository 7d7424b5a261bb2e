"""Records for the tests of the store."""

from datetime import UTC, datetime, timedelta

from sentinel.model.moment import to_text
from sentinel.model.record import Fields, Record, Value
from sentinel.model.search import Search

START = datetime(2026, 11, 23, 8, 0, tzinfo=UTC)
CITY = frozenset({"city", "dept-a", "dept-b"})


def record(number: int, *, agency: str | None = "city", second: float | None = None, **fields: Value) -> Record:
    """Return a record, `number` seconds after the start; `__` in names stands for a dot."""
    seconds = number if second is None else second
    found: Fields = {
        "@timestamp": to_text(START + timedelta(seconds=seconds)),
        "event.id": f"{number:040x}",
        "event.kind": "event",
        "event.dataset": "linux.auth",
        "event.original": f"line number{number}",
    }
    if agency is not None:
        found["organization.id"] = agency
    found.update({name.replace("__", "."): value for name, value in fields.items()})
    return Record(f"{number:040x}", found)


def city(query: str = "*", **more: object) -> Search:
    """Return a search that sees all agencies of the tests."""
    return Search(scope=CITY, query=query, **more)  # type: ignore[arg-type]
