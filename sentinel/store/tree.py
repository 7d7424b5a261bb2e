"""What a query means: a tree of conditions on a record, the same for every backend."""

from dataclasses import dataclass

from sentinel.store.regex import Expression

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
    """The pattern's words stand beside each other, in order, in one of the fields `words.FREE_TEXT`.

    `phrases.phrase` gives the words; a pattern without any holds for no record.
    """

    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Exists:
    """The field has at least one value."""

    field: str


@dataclass(frozen=True, slots=True)
class Contains:
    """The pattern's words stand beside each other, in order, in a value of the field, which holds prose."""

    field: str
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Like:
    """A value of the field as a whole fits the pattern, both folded."""

    field: str
    pattern: Pattern


@dataclass(frozen=True, slots=True)
class Regex:
    """A value of the field as a whole fits the expression, folded; where the field holds prose, a word of a value."""

    field: str
    expression: Expression


@dataclass(frozen=True, slots=True)
class Between:
    """A value of the field lies between the bounds; None is no bound.

    Numbers are compared as numbers where the bounds are numbers. Bounds of a date are times as `moment.to_text` writes
    them, and only values of that form lie between. Other texts are compared as they are, by code point.
    """

    field: str
    low: int | float | str | None
    high: int | float | str | None
    with_low: bool
    with_high: bool


@dataclass(frozen=True, slots=True)
class Within:
    """An address of the field lies in the network, both ends included; they are of one IP version.

    An IPv4 address written as an IPv6 one (`::ffff:10.0.0.1`) is the IPv4 address.
    """

    field: str
    low: str
    high: str


Leaf = Free | Exists | Contains | Like | Regex | Between | Within
Node = Everything | And | Or | Not | Leaf
