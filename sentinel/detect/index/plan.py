"""A plan: everything the index knows about one kind of record, as plain data that a file can keep."""

from msgspec import Raw, Struct

from sentinel.detect.values import Reference, Value

CONTAINS, STARTS, ENDS, CHECK = range(4)
"""What a needle that was found says of a predicate: it holds; it holds if the needle is at the start, or at the end;
it has to be checked."""


class Question(Struct, frozen=True, array_like=True):
    """Everything that rules ask of one field (or of the first present of several), or of all words of a record."""

    names: tuple[str, ...]
    """Record fields; for the words "", and then the fields they begin with."""
    values: dict[int, Value]
    """By number the predicates that have to be checked; of the others a needle or an exact text says all."""
    exact: dict[str, tuple[int, ...]]
    """Folded text -> predicates that hold."""
    needles: tuple[str, ...]
    """Folded literals to look for."""
    hooks: tuple[tuple[tuple[int, int], ...], ...]
    """By needle: (what finding it says, predicate)."""
    unsure: tuple[int, ...]
    """Predicates whose needle may be missed in a text beyond ASCII."""
    open: tuple[int, ...]
    """Predicates that every value has to be checked for."""
    any_of: tuple[tuple[int, ...], ...]
    """By predicate: bits it sets."""
    all_of: dict[int, tuple[tuple[int, tuple[tuple[int, ...], ...]], ...]]
    """Predicate -> (bit, choices): the bit is set where every choice has a predicate that holds."""
    present: tuple[int, ...]
    """Bits that are set to begin with where the field has a value."""
    negated: tuple[int, ...]
    """Bits that are turned round at the end where the field has a value."""
    absent: tuple[int, ...]
    """Bits that are set where the field has none."""


class Comparison(Struct, frozen=True, array_like=True):
    """A bit that depends on two fields."""

    bit: int
    names: tuple[str, ...]
    others: tuple[str, ...]
    reference: Reference


class Watched(Struct, frozen=True, array_like=True):
    """One rule as one log source reads it."""

    rule: int
    """Its place in the rule set."""
    source: tuple[int, int]
    """Family and source, by place in the taxonomy."""
    condition: Raw
    """An `Expression`, or None where the rule holds of every such record; unpacked when first asked."""


WORDS = ""
"""Stands in front of the names of a question about the words of a record."""


class Plan(Struct, frozen=True, array_like=True):
    """What to ask of the records of one kind, and what follows."""

    questions: tuple[Question, ...]
    comparisons: tuple[Comparison, ...]
    rules: tuple[Watched, ...]
    watchers: dict[int, tuple[int, ...]]
    """Bit -> rules (by place in `rules`) that may hold when it is set."""
    always: tuple[int, ...]
    """Rules to look at whatever is set."""
