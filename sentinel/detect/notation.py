"""A value of a rule, written as people write it in a rule."""

from sentinel.detect.values import (
    Boolean,
    Comparison,
    Exists,
    Expression,
    Network,
    Null,
    Number,
    Piece,
    Reference,
    Text,
    TimePart,
    Value,
)

_REFERENCE = {
    (False, False): "fieldref",
    (True, False): "fieldref|startswith",
    (False, True): "fieldref|endswith",
    (True, True): "fieldref|contains",
}


def notation(field: str | None, value: Value) -> str:
    """Return the item that asks for `value`: `CommandLine|contains: whoami`, or just the value for a keyword."""
    modifiers, text = _written(value)
    if field is None:
        return text
    return "|".join([field, *modifiers]) + f": {text}"


def _written(value: Value) -> tuple[list[str], str]:
    """Return the modifiers and the text of a value."""
    match value:
        case Text():
            return _text(value)
        case Expression():
            return ["re", *value.flags], value.expression
        case Network():
            return ["cidr"], value.cidr
        case Comparison():
            limit = f"{value.limit:g}" if value.limit != int(value.limit) else str(int(value.limit))
            return [*([value.part] if value.part else []), value.operator], limit
        case TimePart():
            return [value.part], str(value.number)
        case Reference():
            return [_REFERENCE[value.starts_with, value.ends_with]], value.field
        case Exists():
            return ["exists"], str(value.is_wanted).lower()
        case _:
            return [], _plain(value)


def _plain(value: Null | Boolean | Number) -> str:
    match value:
        case Null():
            return "null"
        case Boolean():
            return str(value.is_true).lower()
    return value.text


def _text(value: Text) -> tuple[list[str], str]:
    modifiers = ["cased"] if value.is_cased else []
    match value.pieces:
        case ((), middle, ()) if middle and None not in middle:
            return [*modifiers, "contains"], "".join(part or "" for part in middle)
        case (start, ()) if start and None not in start:
            return [*modifiers, "startswith"], "".join(part or "" for part in start)
        case ((), end) if end and None not in end:
            return [*modifiers, "endswith"], "".join(part or "" for part in end)
    return modifiers, "*".join(map(_piece, value.pieces)) or "''"


def _piece(piece: Piece) -> str:
    return "".join("?" if part is None else part.replace("*", r"\*").replace("?", r"\?") for part in piece)
