"""A placeholders file says what `%names%` in rules stand for here: our administrators, our servers, our networks."""

from collections.abc import Mapping, Sequence
from pathlib import Path

from sentinel.detect.documents import read_documents
from sentinel.detect.facts import text_of
from sentinel.errors import InputError

Placeholders = Mapping[str, Sequence[str]]
"""Name without the percent signs -> texts, of which any may be meant. `*` and `?` in them are wildcards."""
MAX_VALUES = 20_000


def read_placeholders(path: Path) -> dict[str, tuple[str, ...]]:
    """Return what a file says, such as `admins: [root, "adm_*"]`; raise InputError where it is wrong.

    A name without values counts as unknown, so that its rules are set aside rather than never matching.
    """
    found: dict[str, tuple[str, ...]] = {}
    for document in read_documents(path):
        for name, value in document.items():
            if "%" in name:
                raise InputError(f"{path}: placeholder '{name}' must be named without percent signs")
            if name in found:
                raise InputError(f"{path}: placeholder '{name}' is given twice")
            found[name] = _values(value, f"{path}: placeholder '{name}'")
    return found


def _values(given: object, place: str) -> tuple[str, ...]:
    values = given if isinstance(given, list) else [] if given is None else [given]
    if len(values) > MAX_VALUES:
        raise InputError(f"{place} has {len(values)} values; {MAX_VALUES} are allowed")
    found: list[str] = []
    for value in values:
        if not isinstance(value, str | int | float | bool):
            raise InputError(f"{place} must be a text or a list of texts, got {type(value).__name__}")
        found.append(text_of(value))
    return tuple(found)
