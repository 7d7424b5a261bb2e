"""Where the fields of a record stand in a Windows event: the same knowledge as `shapes`, by name instead of value.

Who only wants to know a few fields of very many events can look them up in the source's own object, and need not make
a record of each.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sentinel.errors import InputError
from sentinel.normalise.windows.shapes import FLAT_ENVELOPE, FLAT_NAMES, MAX_DATA_FIELDS, MAX_NAME_CHARACTERS, parts

DATA = "winlog.event_data."
EVENT_ID = "winlog.event_id"
_OTHER_KINDS = frozenset({"Event", "winlog", "event_id", "event", "event.dataset", "raw", "EventData", "UserData"})
"""A name that means, or may mean, another layout or another kind of event."""
_CHANGED = frozenset(
    {"winlog.record_id", "winlog.version", "winlog.process.pid", "winlog.process.thread.id", "message"}
)
"""Fields whose value in a record is not always the text in the event."""
_HEADER = frozenset("winlog." + field for field in FLAT_NAMES)
_PLAIN = frozenset({str, int, type(None)})


@dataclass(frozen=True, slots=True)
class Spelling:
    """How events with one set of names spell the fields of a record."""

    names: dict[str, tuple[str, ...]]
    """Record field -> names in the event; the first of them that is not null counts."""

    def of(self, field: str) -> tuple[str, ...] | None:
        """Return where a record field stands, nowhere if it is absent; None if that cannot be told by names."""
        if field in self.names:
            return None if field in _CHANGED else self.names[field]
        # A dotted name of event data may stand for an object in the event.
        is_plain = field == "message" or (field.startswith("winlog.") and "." not in field.removeprefix(DATA))
        return () if is_plain or field in _HEADER else None


def level(body: Mapping[str, object]) -> dict[str, object] | None:
    """Return an event of a nested layout on one level, its header by the names of a record.

    None for an event on one level already, or with event data that lies deeper, or of another kind.
    """
    said = body.get("event")
    if "event.dataset" in body or "raw" in body or (isinstance(said, dict) and "dataset" in said):
        return None
    try:
        nested = parts(body)
    except InputError:
        return None
    if nested is None:
        return None
    trees = [tree for tree in nested.trees if tree]
    row: dict[str, object] = {}
    if trees:
        if len(trees) > 1 or not isinstance(trees[0], dict) or not _PLAIN.issuperset(map(type, trees[0].values())):
            return None
        row |= trees[0]
    row |= {"winlog." + name: value for name, value in nested.header.items()}
    if isinstance(nested.message, str) and nested.message:
        row["message"] = nested.message
    return row


def spelling(names: Sequence[str]) -> Spelling | None:
    """Return how events with these `names`, in this order, spell fields; None where they are no Windows events.

    The events are on one level: by themselves, or made so by `level`.
    """
    given = frozenset(names)
    if EVENT_ID in given and "EventID" not in given:
        found: dict[str, tuple[str, ...]] = {name: (name,) for name in names if name == "message" or name in _HEADER}
        data = [name for name in names if name not in found]
    elif "EventID" in given and given.isdisjoint(_OTHER_KINDS):
        found = {
            f"winlog.{field}": there
            for field, spelled in FLAT_NAMES.items()
            if (there := tuple(name for name in spelled if name in given))
        }
        if "Message" in given:
            found["message"] = ("Message",)
        data = [name for name in names if name not in FLAT_ENVELOPE]
    else:
        return None
    for name in data:
        short = name.replace(" ", "")
        if "." in short or "#" in short or len(short) > MAX_NAME_CHARACTERS or not short.isprintable():
            return None
        if short:
            found[DATA + short] = (*found.get(DATA + short, ()), name)
    return Spelling(found) if len(data) <= MAX_DATA_FIELDS else None
