"""A line that came in somebody's document: what the document says, and what the line's own parser finds in it."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from sentinel.errors import InputError
from sentinel.event import Event
from sentinel.model.record import Fields
from sentinel.normalise.egov.secrecy import WithheldError


@dataclass(frozen=True, slots=True)
class Unwrapped:
    """What was in a document."""

    fields: Fields
    """What the document says itself, without the line."""
    line: str | None
    """The line that a program wrote; None where the document is what it wrote."""


def interpret(event: Event, found: Unwrapped, parse: Callable[[Event], Fields | None] | None) -> Fields:
    """Return the fields of a wrapped event; what the parser of its dataset finds wins over what the document says.

    Where the parser rejects it, the document's own fields are kept and `error.message` says why. Raises
    `WithheldError` where the line holds what must not be kept.
    """
    fields = found.fields
    more: Fields | None = None
    if parse is not None:
        try:
            more = parse(event if found.line is None else replace(event, raw=found.line))
        except WithheldError:
            raise
        except InputError as error:
            fields["error.message"] = str(error)
    if more is not None and (found.line is None or "event.original" in more):
        # It read the whole document; or it took out what must not be kept, and the document still has it.
        return more
    if found.line is not None:
        fields.setdefault("message", found.line)
    return fields | (more or {})
