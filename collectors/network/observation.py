"""What the sensor hands on: a dataset and flat ECS fields, and their JSON, flat or nested."""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

Value = str | int | float | list[str] | list[int] | None
Fields = dict[str, Value]
"""Flat ECS names; None stands for what is not known and is left out."""

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_LAST = datetime(9999, 12, 31, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Observation:
    """One event of the sensor."""

    dataset: str
    at: int
    """When it happened, nanoseconds since 1970 UTC, by the packets' clock."""
    fields: Fields

    def to_json(self) -> str:
        """Return the fields as one flat JSON object, which is what travels to the server."""
        known = {name: value for name, value in self.fields.items() if value is not None}
        return json.dumps(known, separators=(",", ":"), ensure_ascii=True)

    def to_nested(self) -> dict[str, object]:
        """Return the fields as nested ECS, with what says which kind of event it is."""
        flat: dict[str, object] = {
            "@timestamp": time_text(self.at),
            "event.kind": "event",
            "event.category": ["network"],
            "event.dataset": self.dataset,
            **self.fields,
        }
        nested: dict[str, object] = {}
        for name, value in flat.items():
            if value is not None:
                _put(nested, name.split("."), value)
        return nested


def moment(at: int) -> datetime:
    """Return a time in nanoseconds as an aware datetime; one beyond the calendar becomes its last day."""
    try:
        return _EPOCH + timedelta(microseconds=at // 1000)
    except OverflowError:
        return _LAST


def time_text(at: int) -> str:
    """Return a time in nanoseconds as ISO 8601 text in UTC, to the microsecond."""
    return moment(at).isoformat(timespec="microseconds").replace("+00:00", "Z")


def _put(tree: dict[str, object], path: list[str], value: object) -> None:
    for part in path[:-1]:
        branch = tree.setdefault(part, {})
        assert isinstance(branch, dict), path
        tree = branch
    tree[path[-1]] = value
