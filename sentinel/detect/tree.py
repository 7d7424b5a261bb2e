"""A rule's condition as a small tree: what pySigma parsed, with the names people gave their selections."""

from dataclasses import dataclass

from sigma.types import SigmaType


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a selection: a field (or none, for keywords) and the values asked for."""

    field: str | None
    values: tuple[SigmaType, ...]
    """Never empty; modifiers are applied already."""
    needs_all: bool
    """Every value must be found (modifier `all`), not just one of them."""
    is_negated: bool
    """Modifier `neq`."""


@dataclass(frozen=True, slots=True)
class Group:
    """Parts of which all, or one, must hold."""

    parts: tuple["Node", ...]
    needs_all: bool


@dataclass(frozen=True, slots=True)
class Negation:
    """Holds when its part does not."""

    part: "Node"


@dataclass(frozen=True, slots=True)
class Selection:
    """A part with the name the rule's author gave it."""

    name: str
    part: "Node"


Node = Item | Group | Negation | Selection
