"""Where a predicate looks: the fields a Sigma name stands for in one log source, or all the words of a record."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sentinel.detect.facts import Facts, members, text_of
from sentinel.model.record import Scalar

Test = Callable[[Facts], bool]
Reader = Callable[[Facts], Sequence[str]]
Resolver = Callable[[str], tuple[str, ...]]
"""Sigma field name -> record fields; the first of them that is present counts."""


@dataclass(frozen=True, slots=True)
class Place:
    """What a value of a rule is compared with."""

    names: tuple[str, ...]
    """Record fields; empty for a keyword."""
    resolve: Resolver
    """For values that name another field."""
    keywords: tuple[str, ...] = ()
    """Fields that keywords search besides all other texts."""

    @property
    def is_keyword(self) -> bool:
        """Whether no field is named and every text of the record is meant."""
        return not self.names

    def folded(self) -> Reader:
        """Return a reader of the folded texts here."""
        if self.is_keyword:
            keywords = self.keywords
            return lambda facts: facts.folded_words(keywords)
        if len(self.names) == 1:
            name = self.names[0]
            return lambda facts: facts.folded(name)
        names = self.names
        return lambda facts: () if (found := facts.first(names)) is None else facts.folded(found)

    def texts(self) -> Reader:
        """Return a reader of the texts here as they are."""
        if self.is_keyword:
            keywords = self.keywords
            return lambda facts: facts.words(keywords)
        values = self.values()
        return lambda facts: [text_of(value) for value in values(facts)]

    def values(self) -> Callable[[Facts], Sequence[Scalar]]:
        """Return a reader of the typed values here; a keyword has none but texts."""
        if self.is_keyword:
            keywords = self.keywords
            return lambda facts: facts.words(keywords)
        names = self.names
        return lambda facts: () if (found := facts.first(names)) is None else members(facts.fields[found])


def any_text(read: Reader, check: Callable[[str], bool]) -> Test:
    """Return a test that holds where `check` holds for any text that `read` finds."""

    def test(facts: Facts) -> bool:
        for text in read(facts):  # noqa: SIM110 - a generator costs a third more, and this is the innermost loop
            if check(text):
                return True
        return False

    return test
