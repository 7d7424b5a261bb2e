"""References like `{{ inputs.pid }}`: found when a playbook is read, filled in when a step is due, never evaluated."""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from sentinel.errors import InputError
from sentinel.playbooks.kinds import MAX_TEXT, Value

REFERENCE = re.compile(r"[a-z][a-z0-9_-]{0,63}(?:\.[A-Za-z_][A-Za-z0-9_-]{0,63}){1,4}")
_BRACES = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
_MISSING = "–"

Resolve = Callable[[str], Value]
"""Gives the value of a reference; None where there is none."""


@dataclass(frozen=True, slots=True)
class Filled:
    """A text cut at its references: literal parts and reference names by turns, a literal first and last."""

    parts: tuple[str, ...]

    @property
    def references(self) -> tuple[str, ...]:
        """Names referred to, in order."""
        return self.parts[1::2]

    @property
    def is_whole(self) -> bool:
        """Whether the text is one reference and nothing else, so that the value keeps its type."""
        return len(self.parts) == 3 and not self.parts[0] and not self.parts[2]

    def value(self, resolve: Resolve) -> Value:
        """Return the referenced value itself where the text is one reference, else the text with values filled in."""
        if self.is_whole:
            return resolve(self.parts[1])
        return self.text(resolve)

    def text(self, resolve: Resolve) -> str:
        """Return the text with values filled in; a missing value shows as a dash. What came in is not read again."""
        pieces = [_shown(resolve(part)) if index % 2 else part for index, part in enumerate(self.parts)]
        return "".join(pieces)[:MAX_TEXT]


def parse(text: str) -> Filled:
    """Return `text` cut at its references; raise `InputError` for braces that hold no reference."""
    parts = _BRACES.split(text)
    names = [part.strip() for part in parts[1::2]]
    for written in names:
        if not REFERENCE.fullmatch(written):
            raise InputError(
                f"'{{{{ {written[:60]} }}}}' is no reference; "
                "write for example '{{ inputs.name }}' or '{{ step.result.count }}'"
            )
    if any("{{" in literal or "}}" in literal for literal in parts[0::2]):
        raise InputError("a '{{' or '}}' without its partner")
    parts[1::2] = names
    return Filled(tuple(parts))


def references(values: Mapping[str, object]) -> Iterator[tuple[str, Filled]]:
    """Yield each text among `values` with its name."""
    for name, value in values.items():
        if isinstance(value, str):
            yield name, parse(value)


def fill(values: Mapping[str, Value], resolve: Resolve) -> dict[str, Value]:
    """Return `values` with references filled in; a value that is a missing reference is left out."""
    filled = {name: parse(value).value(resolve) if isinstance(value, str) else value for name, value in values.items()}
    return {name: value for name, value in filled.items() if value is not None}


def _shown(value: Value) -> str:
    if value is None:
        return _MISSING
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)
