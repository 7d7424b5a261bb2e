"""Where the fields of a record stand in a flat Windows event: the same knowledge as `shapes`, by name instead of value.

Who only wants to know a few fields of very many events can look them up in the source's own object, and need not make
a record of each.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from sentinel.normalise.windows.shapes import (
    FLAT_ENVELOPE,
    FLAT_NAMES,
    MAX_DATA_FIELDS,
    MAX_NAME_CHARACTERS,
)

DATA = "winlog.event_data."
_OTHER_KINDS = frozenset(
    {"Event", "winlog", "event_id", "event", "event.dataset", "raw", "EventData", "UserData", "ProcessingErrorData"}
)
"""A name that means, or may mean, another layout or another kind of event."""
_LISTS = frozenset({"winlog.keywords"})
"""Fields that are lists in a record, whatever the source has."""


@dataclass(frozen=True, slots=True)
class Spelling:
    """How events with one set of names spell the fields of a record."""

    names: dict[str, tuple[str, ...]]
    """Record field -> names in the event; the first of them that is not null counts."""
    data: tuple[str, ...]
    """Names of the event data; only texts and whole numbers there are spelled as this says."""

    def of(self, field: str) -> tuple[str, ...] | None:
        """Return where a record field stands, nowhere if it is absent; None if that cannot be told by names."""
        if field in _LISTS:
            return None
        if field in self.names:
            return self.names[field]
        return () if field == "message" or field.startswith("winlog.") else None


def spelling(names: Sequence[str]) -> Spelling | None:
    """Return how events with these `names`, in this order, spell fields; None where they are no flat Windows events."""
    given = frozenset(names)
    if "EventID" not in given or not given.isdisjoint(_OTHER_KINDS):
        return None
    found: dict[str, tuple[str, ...]] = {}
    for field, spelled in FLAT_NAMES.items():
        if there := tuple(name for name in spelled if name in given):
            found[field] = there
    if "Message" in given:
        found["message"] = ("Message",)
    data = tuple(name for name in names if name not in FLAT_ENVELOPE)
    for name in data:
        short = name.replace(" ", "")
        if "." in short or len(short) > MAX_NAME_CHARACTERS or not short.isprintable():
            return None
        if short:
            found[DATA + short] = (*found.get(DATA + short, ()), name)
    return Spelling(found, data) if len(data) <= MAX_DATA_FIELDS else None
