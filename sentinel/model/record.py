"""A Record is one event in Elastic Common Schema names, flat."""

from collections.abc import Mapping
from dataclasses import dataclass

Scalar = str | int | float | bool
Value = Scalar | list[str] | list[int] | list[float] | list[bool]
Fields = dict[str, Value]
"""Dotted ECS names to typed values. A field without a value is absent, never None. Times are `moment.to_text` texts."""


@dataclass(frozen=True, slots=True)
class Record:
    """One normalised event."""

    id: str
    """Hash of collector, epoch and sequence, or of the key of a sender without these; always the same for an event."""
    fields: Mapping[str, Value]
    """At least `@timestamp`, `event.dataset`, `event.kind`, `event.original`; mostly `organization.id` too."""

    @property
    def at(self) -> str:
        """When it happened, as fixed-width text."""
        return str(self.fields["@timestamp"])


def nest(fields: Mapping[str, object]) -> dict[str, object]:
    """Return dotted names as nested objects, the form ECS documents have outside.

    Where one name is both a value and a prefix of another (`a` and `a.b`), the longer one keeps its dotted rest.
    """
    document: dict[str, object] = {}
    for name in sorted(fields):
        *parents, last = name.split(".")
        place = document
        for index, parent in enumerate(parents):
            child = place.setdefault(parent, {})
            if not isinstance(child, dict):
                last = ".".join([*parents[index:], last])
                break
            place = child
        place[last] = fields[name]
    return document
