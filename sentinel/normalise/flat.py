"""Nested JSON of a source becomes flat fields below one prefix, every value as text: what rules name, and no more."""

from collections.abc import Iterator, Mapping

from sentinel.errors import InputError
from sentinel.model.record import Fields
from sentinel.normalise.decode import MAX_DEPTH, plain

MAX_FIELDS = 1024
MAX_LIST = 1000
MAX_NAME_CHARACTERS = 256


def flatten(body: Mapping[str, object], prefix: str) -> Fields:
    """Return the ends of `body` by dotted name below `prefix`: texts, and lists of them; null is absent.

    Objects in a list give lists under the names inside them. Raises `InputError` where `body` has no bounds.
    """
    found: dict[str, list[str]] = {}
    for name, text in _ends(body, prefix, 0):
        texts = found.setdefault(name, [])
        if len(found) > MAX_FIELDS:
            raise InputError(f"more than {MAX_FIELDS} fields")
        if len(texts) < MAX_LIST:
            texts.append(text)
    return {name: texts if len(texts) > 1 else texts[0] for name, texts in found.items()}


def _ends(value: object, name: str, depth: int) -> Iterator[tuple[str, str]]:
    """Yield (name, text) of every end."""
    if depth > MAX_DEPTH:
        raise InputError(f"nested more than {MAX_DEPTH} deep")
    if isinstance(value, dict):
        for key, child in value.items():
            yield from _ends(child, _joined(name, key), depth + 1)
    elif isinstance(value, list):
        for child in value:
            yield from _ends(child, name, depth + 1)
    elif (text := plain(value)) is not None:
        yield name, text


def _joined(prefix: str, name: str) -> str:
    if not name or len(prefix) + len(name) >= MAX_NAME_CHARACTERS or not name.isprintable():
        raise InputError(f"not a field name: {name[:40]!r}")
    return f"{prefix}.{name}"


def below(body: Mapping[str, object], *names: str) -> object:
    """Return what `body` holds under nested `names`, None where it holds nothing there."""
    value: object = body
    for name in names:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def text_below(body: Mapping[str, object], *names: str) -> str | None:
    """Return the scalar under nested `names` as text, None where there is none, or an empty one."""
    return plain(below(body, *names)) or None
