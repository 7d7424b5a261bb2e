"""What a service's audit log may hold, as a table: the parser, its checks and the vendors' page all come from it."""

from collections.abc import Callable
from dataclasses import dataclass

from sentinel.model.record import Fields

OUTCOMES = ("success", "failure")


@dataclass(frozen=True, slots=True, kw_only=True)
class Action:
    """Something people or machines do in a service."""

    name: str
    category: str
    """`event.category` of ECS."""
    type: str
    """`event.type` of ECS."""
    meaning: str


@dataclass(frozen=True, slots=True)
class Entry:
    """One name in a line."""

    name: str
    field: str
    """Record field it becomes."""
    kind: str
    """A key of `values.KINDS`."""
    meaning: str
    needed: bool = False
    words: tuple[str, ...] = ()
    """Of the kind `word`: all that are allowed."""
    most: int | None = None
    """Characters of a text, items of a list, or the highest number; None for the bound of the kind."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Schema:
    """One service: `egov.<service>`."""

    service: str
    title: str
    title_vi: str
    about: str
    """Who writes it and when, in a few sentences for the vendor."""
    actions: tuple[Action, ...]
    entries: tuple[Entry, ...]
    example: str
    """A line that this schema accepts."""
    notes: str = ""
    """Paragraphs of the page behind the table, in Markdown."""
    secret: tuple[str, ...] = ()
    """Names whose values are taken out of a line where the document is marked secret."""
    derive: Callable[[Fields], None] | None = None
    """Adds what can be told from the fields already there."""

    @property
    def dataset(self) -> str:
        """The dataset, for example `egov.portal`."""
        return f"egov.{self.service}"


def action(name: str, category: str, type_: str, meaning: str) -> Action:
    """Return an action; short, because the tables are long."""
    return Action(name=name, category=category, type=type_, meaning=meaning)
