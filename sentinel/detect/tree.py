"""A rule's condition as a small tree, with the names people gave their selections."""

from msgspec import Struct

from sentinel.detect.values import Value


class Item(Struct, frozen=True, tag="item", array_like=True):
    """One line of a selection: a field (or none, for keywords) and the values asked for."""

    field: str | None
    values: tuple[tuple[Value, ...], ...]
    """Never empty. Each is a choice: what `windash` or `base64offset` made of one value in the rule, or just that."""
    needs_all: bool = False
    """Every choice must be found (modifier `all`), not just one of them."""
    is_negated: bool = False
    """Modifier `neq`."""


class Group(Struct, frozen=True, tag="group", array_like=True):
    """Parts of which so many must hold: all, one, or a number between."""

    parts: tuple["Node", ...]
    at_least: int
    """`len(parts)` for `and` and `all of`, 1 for `or` and `1 of`, N for `N of`."""

    @property
    def needs_all(self) -> bool:
        """Whether every part must hold."""
        return self.at_least >= len(self.parts)


class Negation(Struct, frozen=True, tag="not", array_like=True):
    """Holds when its part does not."""

    part: "Node"


class Selection(Struct, frozen=True, tag="selection", array_like=True):
    """A part with the name the rule's author gave it."""

    name: str
    part: "Node"


Node = Item | Group | Negation | Selection


def all_of(parts: tuple[Node, ...]) -> Group:
    """Return a group that holds when all of `parts` do."""
    return Group(parts, len(parts))


def one_of(parts: tuple[Node, ...]) -> Group:
    """Return a group that holds when any of `parts` does."""
    return Group(parts, 1)
