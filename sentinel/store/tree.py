"""What a query means: a tree of conditions on a record, the same for every backend."""

from dataclasses import dataclass

ANY = "*"
"""A run of any characters in a pattern."""
ONE = "?"
"""Exactly one character in a pattern."""


@dataclass(frozen=True, slots=True)
class Everything:
    """Always holds."""


@dataclass(frozen=True, slots=True)
class And:
    """All items hold."""

    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """At least one item holds."""

    items: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """The item does not hold."""

    item: "Node"


@dataclass(frozen=True, slots=True)
class Pattern:
    """A text with wildcards."""

    parts: tuple[str, ...]
    """Literal texts at even places; `ANY` or `ONE` at odd ones."""

    @property
    def literal(self) -> str | None:
        """The text where there is no wildcard, else None."""
        return self.parts[0] if len(self.parts) == 1 else None


@dataclass(frozen=True, slots=True)
class Free:
    """The pattern occurs in one of the record's main texts."""

    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Exists:
    """The field has a value."""

    field: str


@dataclass(frozen=True, slots=True)
class Contains:
    """The pattern occurs within the text of the field."""

    field: str
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Like:
    """A value of the field as a whole fits the pattern."""

    field: str
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Between:
    """A value of the field lies between the bounds; None is no bound.

    Bounds are numbers where the field's values are compared as numbers, and texts otherwise.
    """

    field: str
    low: int | float | str | None
    high: int | float | str | None
    with_low: bool
    with_high: bool


@dataclass(frozen=True, slots=True)
class Within:
    """An address of the field lies in the network, both included; the bounds are of one IP version."""

    field: str
    low: str
    high: str


Node = Everything | And | Or | Not | Free | Exists | Contains | Like | Between | Within
