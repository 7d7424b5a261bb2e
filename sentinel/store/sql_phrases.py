"""Conditions that words stand in a text, in SQL for DuckDB: a sieve that is as fast as reading, and what is exact."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sentinel.store.phrases import phrase
from sentinel.store.plain import MESSAGE, ORIGINAL, PLAIN, SHORT
from sentinel.store.raw_words import letters_expression, phrase_expressions, plain_expressions
from sentinel.store.sql_values import NEVER, Sql, Test, join, where, where_else
from sentinel.store.tree import Pattern


@dataclass(frozen=True, slots=True)
class Pair:
    """Two tests for the same words."""

    may: Test
    """Holds for every text with the words, and every text around one; it costs little more than reading the text."""
    is_exact: Test
    """Ten times as dear, so asked only where `may` holds, of so much of a text as words are looked for in."""

    def both(self, value: str) -> Sql:
        """Return the exact condition, asked as seldom as can be."""
        return where(self.may(value), self.is_exact(_searched(value)))


@dataclass(frozen=True, slots=True)
class PhraseTests:
    """What asks whether the words of a pattern stand beside each other in a text."""

    ascii: Pair
    """For texts of ASCII alone, as most are: letters have few forms there."""
    other: Pair
    """For any text."""
    is_word: bool
    """It is but one word, so that texts may be joined by what is none."""
    is_of_letters: bool
    """In `ascii` the sieve looks for letters of one word only, so that it holds for a line that says a message with the
    words, as that of a plain record does."""

    def both(self, value: str) -> Sql:
        """Return the condition on one text."""
        return where_else(_of_ascii([value]), self.ascii.both(value), self.other.both(value))


def phrase_tests(pattern: Pattern) -> PhraseTests:
    """Return the tests for the words of a pattern; without words it holds for no text."""
    wanted = phrase(pattern)
    never = Pair(lambda _value: NEVER, lambda _value: NEVER)
    if not wanted:
        return PhraseTests(never, never, is_word=False, is_of_letters=True)
    core, exact = phrase_expressions(wanted)
    plain = plain_expressions(wanted)
    letters = letters_expression(wanted)
    return PhraseTests(
        never if plain is None else Pair(_fits(letters or plain[0]), _fits(plain[1])),
        Pair(_fits(core), _fits(exact)),
        is_word=len(wanted) == 1,
        is_of_letters=plain is None or letters is not None,
    )


def _fits(expression: str) -> Test:
    return lambda value: Sql(f"regexp_matches({value}, ?)", (expression,), is_costly=True)


def _searched(value: str) -> str:
    return f"searched({value})"


def _of_ascii(values: Sequence[str]) -> Sql:
    return Sql(" AND ".join(f"is_ascii({value})" for value in values))


def in_texts(tests: PhraseTests) -> Sql:
    """Return that the words stand in one of the columns of free text.

    Each expression stands here as seldom as can be: to prepare one takes as long as to look through a thousand lines.
    """
    line, message, short = f'"{ORIGINAL}"', f'"{MESSAGE}"', [f'"{name}"' for name in SHORT]
    every = [line, message, *short]
    # Asked of each text: joined ones would be made again for every question.
    found = where_else(
        _of_ascii(every),
        _in_joined(tests.ascii, every, is_word=tests.is_word),
        _in_joined(tests.other, every, is_word=tests.is_word),
    )
    if not tests.is_of_letters:
        return found
    # Of a plain record one long text is read instead of two, and not for its signs.
    plain = tests.ascii
    in_long = where(plain.may(line), join(" OR ", [plain.is_exact(_searched(each)) for each in (line, message)]))
    in_short = _in_joined(plain, short, is_word=tests.is_word)
    return where_else(Sql(f'"{PLAIN}"'), where_else(in_short, Sql("true"), in_long), found)


def _in_joined(tests: Pair, columns: Sequence[str], *, is_word: bool) -> Sql:
    """Return that the words stand in one of the texts, which are sieved together."""
    # The beginnings alone, or texts of any length would be in memory twice.
    together = f"concat_ws(chr(10), {', '.join(map(_searched, columns))})"
    if is_word:
        return where(tests.may(together), tests.is_exact(together))
    is_exact = tests.is_exact(_searched("v"))
    in_one = f"list_bool_or(list_transform([{', '.join(columns)}], lambda v: {is_exact.text}))"
    return where(tests.may(together), replace(is_exact, text=f"coalesce({in_one}, false)"))
