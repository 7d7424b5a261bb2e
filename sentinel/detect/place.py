"""Where a value of a rule looks: the fields a Sigma name stands for in one log source, or all words of a record."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sentinel.detect.check import Reads
from sentinel.detect.facts import Facts, members, text_of
from sentinel.model.record import Scalar

Resolver = Callable[[str], tuple[str, ...]]
"""Sigma field name -> record fields; the first of them that is present counts."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a value of a rule is compared with."""

    names: tuple[str, ...]
    """Record fields; empty for a keyword."""
    keywords: tuple[str, ...] = ()
    """Fields that keywords search besides all other texts."""

    @property
    def is_keyword(self) -> bool:
        """Whether no field is named and every text of the record is meant."""
        return not self.names

    def read(self, facts: Facts, reads: Reads) -> Sequence[Scalar]:
        """Return what is here in the form a check wants it; a keyword has nothing but texts."""
        if self.is_keyword:
            return facts.folded_words(self.keywords) if reads is Reads.FOLDED else facts.words(self.keywords)
        name = facts.first(self.names)
        if name is None:
            return ()
        if reads is Reads.FOLDED:
            return facts.folded(name)
        values = members(facts.fields[name])
        return values if reads is Reads.SCALAR else [text_of(value) for value in values]

    def is_absent(self, facts: Facts) -> bool:
        """Return whether the record has no such field, or one without any value."""
        name = facts.first(self.names)
        return name is None or facts.fields[name] == []
