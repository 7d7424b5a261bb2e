"""Conditions that words stand in a text, in SQL for DuckDB: a sieve that is as fast as reading, and what is exact."""

from collections.abc import Sequence
from dataclasses import dataclass

from sentinel.store.phrases import phrase
from sentinel.store.raw_words import letters_expression, phrase_expressions, plain_expressions
from sentinel.store.sql_values import NEVER, Sql, Test, join
from sentinel.store.tree import Pattern


@dataclass(frozen=True, slots=True)
class PhraseTests:
    """What asks whether the words of a pattern stand beside each other in a text."""

    may: Test
    """Holds for every text with the words, and every text around one; it costs little more than reading the text."""
    is_exact: Test
    """Ten times as dear, so asked only where `may` holds."""

    def both(self, value: str) -> Sql:
        """Return the exact condition, asked as seldom as can be."""
        return where(self.may(value), self.is_exact(value))


def phrase_tests(pattern: Pattern) -> PhraseTests:
    """Return the tests for the words of a pattern; without words it holds for no text."""
    wanted = phrase(pattern)
    if not wanted:
        return PhraseTests(lambda _value: NEVER, lambda _value: NEVER)
    core, exact = phrase_expressions(wanted)
    plain = plain_expressions(wanted)
    if plain is None:
        return PhraseTests(
            lambda value: Sql(f"regexp_matches({value}, ?)", (core,), is_costly=True),
            lambda value: Sql(f"regexp_matches(searched({value}), ?)", (exact,), is_costly=True),
        )
    # Most texts are of ASCII alone, where letters have few forms.
    by_kind = "CASE WHEN strlen({0}) = length({0}) THEN regexp_matches({1}, ?) ELSE regexp_matches({1}, ?) END"
    letters = letters_expression(wanted) or plain[0]
    return PhraseTests(
        lambda value: Sql(by_kind.format(value, value), (letters, core), is_costly=True),
        lambda value: Sql(by_kind.format(value, f"searched({value})"), (plain[1], exact), is_costly=True),
    )


def in_any(tests: PhraseTests, columns: Sequence[str]) -> Sql:
    """Return that the words stand in one of some columns of short texts, which are sieved together."""
    together = f"concat_ws(chr(10), {', '.join(columns)})"
    return where(tests.may(together), join(" OR ", [tests.is_exact(column) for column in columns]))


def where(first: Sql, then: Sql) -> Sql:
    """Return that both hold, where `then` is asked only where `first` holds.

    `CASE` does so wherever it stands; `AND` does so only at the top, and tries the other order now and then.
    """
    return Sql(
        f"CASE WHEN {first.text} THEN {then.text} ELSE false END",
        (*first.values, *then.values),
        is_costly=first.is_costly or then.is_costly,
    )
