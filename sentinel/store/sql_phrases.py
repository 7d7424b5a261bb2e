"""Conditions that words stand in a text, in SQL for DuckDB: a sieve that is as fast as reading, and what is exact."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sentinel.store.phrases import phrase
from sentinel.store.plain import MESSAGE, ORIGINAL, PLAIN, SHORT
from sentinel.store.raw_words import letters_expression, phrase_expressions, plain_expressions
from sentinel.store.sql_values import NEVER, Sql, Test, join, where, where_else
from sentinel.store.tree import Pattern


@dataclass(frozen=True, slots=True)
class PhraseTests:
    """What asks whether the words of a pattern stand beside each other in a text."""

    may: Test
    """Holds for every text with the words, and every text around one; it costs little more than reading the text."""
    is_exact: Test
    """Ten times as dear, so asked only where `may` holds."""
    may_plain: Test | None
    """What `may` is for the original line of a plain record and all texts of it that are short; None where the words
    have no letters to look for."""
    is_word: bool
    """It is but one word, so that texts may be joined by what is none."""

    def both(self, value: str) -> Sql:
        """Return the exact condition, asked as seldom as can be."""
        return where(self.may(value), self.is_exact(value))


def phrase_tests(pattern: Pattern) -> PhraseTests:
    """Return the tests for the words of a pattern; without words it holds for no text."""
    wanted = phrase(pattern)
    if not wanted:
        return PhraseTests(lambda _value: NEVER, lambda _value: NEVER, lambda _value: NEVER, is_word=False)
    core, exact = phrase_expressions(wanted)
    plain = plain_expressions(wanted)
    if plain is None:
        return PhraseTests(
            lambda value: Sql(f"regexp_matches({value}, ?)", (core,), is_costly=True),
            lambda value: Sql(f"regexp_matches(searched({value}), ?)", (exact,), is_costly=True),
            lambda _value: NEVER,
            is_word=len(wanted) == 1,
        )
    # Most texts are of ASCII alone, where letters have few forms.
    by_kind = "CASE WHEN strlen({0}) = length({0}) THEN regexp_matches({1}, ?) ELSE regexp_matches({1}, ?) END"
    letters = letters_expression(wanted)
    return PhraseTests(
        lambda value: Sql(by_kind.format(value, value), (letters or plain[0], core), is_costly=True),
        lambda value: Sql(by_kind.format(value, f"searched({value})"), (plain[1], exact), is_costly=True),
        None if letters is None else lambda value: Sql(f"regexp_matches({value}, ?)", (letters,), is_costly=True),
        is_word=len(wanted) == 1,
    )


def in_texts(tests: PhraseTests) -> Sql:
    """Return that the words stand in one of the columns of free text.

    Each expression stands here as seldom as can be: to prepare one takes as long as to look through a thousand lines.
    """
    return where_else(_in_short(tests), Sql("true"), _in_long(tests))


def _in_short(tests: PhraseTests) -> Sql:
    """Return that the words stand in one of the short texts, which are sieved together."""
    columns = [f'"{name}"' for name in SHORT]
    together = _lines(columns)
    may = (
        tests.may(together)
        if tests.may_plain is None
        else where_else(_PLAIN, tests.may_plain(together), tests.may(together))
    )
    if tests.is_word:
        return where(may, tests.is_exact(_lines([f"searched({column})" for column in columns])))
    is_exact = tests.is_exact("v")
    any_is = f"list_bool_or(list_transform([{', '.join(columns)}], lambda v: {is_exact.text}))"
    return where(may, replace(is_exact, text=f"coalesce({any_is}, false)"))


def _in_long(tests: PhraseTests) -> Sql:
    line, message = f'"{ORIGINAL}"', f'"{MESSAGE}"'
    may = join(" OR ", [tests.may(line), tests.may(message)])
    if tests.may_plain is not None:
        # Of a plain record one text is read instead of two, and not for its signs.
        may = where_else(_PLAIN, tests.may_plain(line), may)
    return where(may, join(" OR ", [tests.is_exact(line), tests.is_exact(message)]))


def _lines(columns: Sequence[str]) -> str:
    return f"concat_ws(chr(10), {', '.join(columns)})"


_PLAIN = Sql(f'"{PLAIN}"')
