"""Fields that others have named find their place: ECS names with the right type, everything else below `labels`."""

from collections.abc import Iterable, Iterator

from sentinel.errors import InputError
from sentinel.model.ecs import LISTS, OPEN, TYPES
from sentinel.model.record import Fields, Value
from sentinel.normalise.decode import MAX_DEPTH, plain
from sentinel.normalise.flat import MAX_FIELDS, MAX_LIST, MAX_NAME_CHARACTERS
from sentinel.normalise.typed import checked

OURS = ("agent.id", "organization.", "sentinel.", "related.")
"""Names, or beginnings of names, that only Sentinel itself fills in."""
_OUR_EVENT = ("agent_id_status", "created", "dataset", "id", "ingested", "kind", "original", "sequence")
OUR_EVENT = frozenset(f"event.{name}" for name in _OUR_EVENT)
KINDS = ("event", "state")
LABELS = "labels."

Ends = Iterable[tuple[str, object]]


def ends(value: object, name: str = "", depth: int = 0) -> Iterator[tuple[str, object]]:
    """Yield (dotted name, scalar) of all that lies at the ends of nested objects and lists; null is absent.

    Raises `InputError` below `MAX_DEPTH`.
    """
    if depth > MAX_DEPTH:
        raise InputError(f"nested more than {MAX_DEPTH} deep")
    if isinstance(value, dict):
        for key, child in value.items():
            yield from ends(child, f"{name}.{key}" if name else key, depth + 1)
    elif isinstance(value, list):
        for child in value:
            yield from ends(child, name, depth + 1)
    elif value is not None:
        yield name, value


def placed(found: Ends) -> Fields:
    """Return the fields of what a document says; raise `InputError` where there are too many.

    What only Sentinel may say is left out; a value of the wrong type for its name is a label. Names that are none
    are left out too: everything is still in the original.
    """
    gathered: dict[str, list[object]] = {}
    for name, value in found:
        if value is None:
            continue
        values = gathered.setdefault(name, [])
        if len(gathered) > MAX_FIELDS:
            raise InputError(f"more than {MAX_FIELDS} fields")
        if len(values) < MAX_LIST:
            values.append(value)
    fields: Fields = {}
    for name, values in gathered.items():
        if name in OUR_EVENT or name.startswith(OURS):
            continue
        if name in TYPES and (typed := _typed(name, values)) is not None:
            fields[name] = typed
        elif 0 < len(name) <= MAX_NAME_CHARACTERS - len(LABELS) and name.isprintable():
            texts = [text for value in values if (text := plain(value)) is not None]
            fields[name if name.startswith(OPEN) else LABELS + name] = texts if len(texts) > 1 else texts[0]
    kind = gathered.get("event.kind", [None])[0]
    if kind in KINDS:
        fields["event.kind"] = str(kind)
    return fields


def _typed(name: str, values: list[object]) -> Value | None:
    """Return the values as the type of the field, None where they are of another."""
    if TYPES[name] in ("keyword", "text"):
        values = [plain(value) for value in values]
    if name not in LISTS and len(values) > 1:
        return None
    try:
        return checked(name, values if name in LISTS else values[0])
    except InputError:
        return None
