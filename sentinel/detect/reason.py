"""Why one line of a selection holds or not: what the record has there, and how far that is from what is asked."""

from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from enum import StrEnum

from sentinel.detect.compile import value_holds
from sentinel.detect.facts import Facts, members, text_of
from sentinel.detect.notation import notation
from sentinel.detect.place import Place, Resolver
from sentinel.detect.predicates.network import address
from sentinel.detect.predicates.number import as_number
from sentinel.detect.time_parts import part_of
from sentinel.detect.tree import Item
from sentinel.detect.values import Comparison, Exists, Expression, Network, Null, Reference, Text, TimePart, Value

MAX_VALUE_CHARACTERS = 200
MAX_NAMED = 3
"""Values named in one reason."""


class Kind(StrEnum):
    """What stands between a record and a line of a rule."""

    FOUND = "found"
    ABSENT = "absent"
    """The record has no such field."""
    OTHER_VALUE = "other value"
    CASE = "case"
    """It would match if capital and small letters were the same."""
    WRONG_TYPE = "wrong type"
    """A number, an address or a time is asked for, and the record has something else there."""
    PRESENT = "present"
    """The field is there and should not be."""


@dataclass(frozen=True, slots=True)
class Reason:
    """The answer for one line."""

    kind: Kind
    words: str


def reason(item: Item, facts: Facts, place: Place, resolve: Resolver) -> Reason:
    """Return why the values of `item` are found in a record or not; whether it is negated makes no difference here."""
    lacking = [choice for choice in item.values if not any(value_holds(each, facts, place, resolve) for each in choice)]
    is_found = not lacking if item.needs_all else len(lacking) < len(item.values)
    if is_found:
        return Reason(Kind.FOUND, _said(facts, place))
    if place.is_keyword:
        return _keyword(lacking, facts, place, resolve)
    values = [value for choice in lacking for value in choice]
    if all(isinstance(value, Null) or value == Exists(False) for value in values):
        return Reason(Kind.PRESENT, _said(facts, place))
    if place.is_absent(facts):
        return Reason(Kind.ABSENT, f"the record has no {' or '.join(place.names)}{_near(facts, place)}")
    kind = _kind(values, facts, place, resolve)
    words = _said(facts, place)
    if item.needs_all and len(item.values) > 1:
        words += f"; not found: {_few(item.field, [choice[0] for choice in lacking])}"
    return Reason(kind, words + _remark(kind, values))


def _kind(values: Sequence[Value], facts: Facts, place: Place, resolve: Resolver) -> Kind:
    without_case = [changed for value in values if (changed := _without_case(value)) is not None]
    if any(value_holds(value, facts, place, resolve) for value in without_case):
        return Kind.CASE
    name = facts.first(place.names)
    found = [] if name is None else members(facts.fields[name])
    if values and found and all(not _fits_type(value, each) for value in values for each in found):
        return Kind.WRONG_TYPE
    return Kind.OTHER_VALUE


def _without_case(value: Value) -> Value | None:
    """Return a value as it would be without the difference of case; None where it makes none already."""
    if isinstance(value, Text) and value.is_cased:
        return Text(value.pieces)
    if isinstance(value, Expression) and "i" not in value.flags:
        return Expression(value.expression, "".join(sorted(value.flags + "i")))
    return None


def _fits_type(value: Value, found: object) -> bool:
    """Return whether a value of the record is of the kind that `value` compares."""
    text = found if isinstance(found, str | int | float | bool) else ""
    match value:
        case Comparison(part=""):
            return as_number(text) is not None
        case Comparison() | TimePart():
            return part_of(text, value.part) is not None
        case Network():
            return address(text_of(text)) is not None
    return True


def _remark(kind: Kind, values: Sequence[Value]) -> str:
    if kind is Kind.CASE:
        return ", which fits but for capital and small letters"
    if kind is not Kind.WRONG_TYPE:
        return ""
    match values[0]:
        case Network():
            return ", which is no address"
        case Comparison(part=""):
            return ", which is no number"
    return ", which is no time"


def _keyword(lacking: Sequence[Sequence[Value]], facts: Facts, place: Place, resolve: Resolver) -> Reason:
    values = [value for choice in lacking for value in choice]
    without_case = [changed for value in values if (changed := _without_case(value)) is not None]
    if any(value_holds(value, facts, place, resolve) for value in without_case):
        return Reason(Kind.CASE, "a text of the record fits but for capital and small letters")
    words = f"no text of the record holds {_few(None, [choice[0] for choice in lacking])}"
    return Reason(Kind.OTHER_VALUE, words)


def _few(field: str | None, values: Sequence[Value]) -> str:
    shown = ", ".join(notation(field, value) for value in values[:MAX_NAMED])
    return f"{shown} and {len(values) - MAX_NAMED} more" if len(values) > MAX_NAMED else shown


def _said(facts: Facts, place: Place) -> str:
    if place.is_keyword:
        return "in the texts of the record"
    name = facts.first(place.names)
    if name is None:
        return f"the record has no {' or '.join(place.names)}"
    text = ", ".join(text_of(value) for value in members(facts.fields[name]))
    return f"{name} is {text[:MAX_VALUE_CHARACTERS]!r}{'...' if len(text) > MAX_VALUE_CHARACTERS else ''}"


def _near(facts: Facts, place: Place) -> str:
    """Return the name of a field that was perhaps meant."""
    near = get_close_matches(place.names[0], list(facts.fields), n=1, cutoff=0.85)
    return f"; it has {near[0]}" if near else ""


def refers_to(item: Item) -> tuple[str, ...]:
    """Return the fields of the same record that an item compares with."""
    return tuple(value.field for choice in item.values for value in choice if isinstance(value, Reference))
