"""A value of a rule, written as people write it in a rule."""

from sigma.types import (
    CompareOperators,
    SigmaCasedString,
    SigmaCIDRExpression,
    SigmaCompareExpression,
    SigmaExists,
    SigmaFieldReference,
    SigmaNull,
    SigmaRegularExpression,
    SigmaString,
    SigmaTimestampPart,
    SigmaType,
    SpecialChars,
)

_COMPARE = {
    CompareOperators.LT: "lt",
    CompareOperators.LTE: "lte",
    CompareOperators.GT: "gt",
    CompareOperators.GTE: "gte",
    CompareOperators.NEQ: "neq",
}
_REFERENCE = {
    (False, False): "fieldref",
    (True, False): "fieldref|startswith",
    (False, True): "fieldref|endswith",
    (True, True): "fieldref|contains",
}


def notation(field: str | None, value: SigmaType) -> str:
    """Return the item that asks for `value`: `CommandLine|contains: whoami`, or just the value for a keyword."""
    modifiers, text = _written(value)
    if field is None:
        return text
    return "|".join([field, *modifiers]) + f": {text}"


def _written(value: SigmaType) -> tuple[list[str], str]:
    """Return the modifiers and the text of a value."""
    match value:
        case SigmaString():
            return _string(value)
        case SigmaRegularExpression():
            return ["re", *sorted(flag.name.lower() for flag in value.flags)], str(value.regexp)
        case SigmaCIDRExpression():
            return ["cidr"], value.cidr
        case SigmaCompareExpression():
            modifiers, text = _written(value.number)
            return [*modifiers, _COMPARE[value.op]], text
        case SigmaTimestampPart():
            return [value.timestamp_part.name.lower()], str(value.number)
        case SigmaFieldReference():
            return [_REFERENCE[value.starts_with, value.ends_with]], value.field
        case SigmaExists():
            return ["exists"], str(value.exists).lower()
        case SigmaNull():
            return [], "null"
    return [], str(value)


def _string(value: SigmaString) -> tuple[list[str], str]:
    modifiers = ["cased"] if isinstance(value, SigmaCasedString) else []
    many = SpecialChars.WILDCARD_MULTI
    match value.s:
        case [first, str(text), last] if first is many and last is many:
            return [*modifiers, "contains"], text
        case [str(text), last] if last is many:
            return [*modifiers, "startswith"], text
        case [first, str(text)] if first is many:
            return [*modifiers, "endswith"], text
    return modifiers, str(value) or "''"
