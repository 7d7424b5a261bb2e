"""Conditions that words stand in a text, in SQL for DuckDB: a sieve that is as fast as reading, and what is exact."""

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

    any_text: Pair
    plain: Pair | None
    """For the texts of plain records, in which `may` looks for letters of one word only, so that it holds for a line
    that says a message with the words; None where there are no letters to look for."""
    is_word: bool
    """It is but one word, so that texts may be joined by what is none."""


def phrase_tests(pattern: Pattern) -> PhraseTests:
    """Return the tests for the words of a pattern; without words it holds for no text."""
    wanted = phrase(pattern)
    never = Pair(lambda _value: NEVER, lambda _value: NEVER)
    if not wanted:
        return PhraseTests(never, never, is_word=False)
    is_word = len(wanted) == 1
    core, exact = phrase_expressions(wanted)
    plain = plain_expressions(wanted)
    if plain is None:
        return PhraseTests(Pair(_fits(core), _fits(exact)), never, is_word)
    # Most texts are of ASCII alone, where letters have few forms.
    by_kind = "CASE WHEN strlen({0}) = length({0}) THEN regexp_matches({0}, ?) ELSE regexp_matches({0}, ?) END"
    letters = letters_expression(wanted)
    return PhraseTests(
        Pair(
            lambda value: Sql(by_kind.format(value), (letters or plain[0], core), is_costly=True),
            lambda value: Sql(by_kind.format(value), (plain[1], exact), is_costly=True),
        ),
        None if letters is None else Pair(_fits(letters), _fits(plain[1])),
        is_word,
    )


def _fits(expression: str) -> Test:
    return lambda value: Sql(f"regexp_matches({value}, ?)", (expression,), is_costly=True)


def _searched(value: str) -> str:
    return f"searched({value})"


def in_texts(tests: PhraseTests) -> Sql:
    """Return that the words stand in one of the columns of free text.

    Each expression stands here as seldom as can be: to prepare one takes as long as to look through a thousand lines.
    The long texts are not joined with the others, which would copy them for each test.
    """
    line, message = f'"{ORIGINAL}"', f'"{MESSAGE}"'
    any_text, plain = tests.any_text, tests.plain
    found = join(" OR ", [any_text.both(line), any_text.both(message), _in_short(any_text, is_word=tests.is_word)])
    if plain is None:
        return found
    # Of a plain record one long text is read instead of two, and not for its signs.
    in_long = where(plain.may(line), join(" OR ", [plain.is_exact(_searched(each)) for each in (line, message)]))
    in_short = _in_short(plain, is_word=tests.is_word)
    return where_else(Sql(f'"{PLAIN}"'), where_else(in_short, Sql("true"), in_long), found)


def _in_short(tests: Pair, *, is_word: bool) -> Sql:
    """Return that the words stand in one of the shorter texts, which are sieved together."""
    columns = [f'"{name}"' for name in SHORT]
    # The beginnings alone, or texts of any length would be in memory twice.
    together = f"concat_ws(chr(10), {', '.join(map(_searched, columns))})"
    if is_word:
        return where(tests.may(together), tests.is_exact(together))
    is_exact = tests.is_exact(_searched("v"))
    in_one = f"list_bool_or(list_transform([{', '.join(columns)}], lambda v: {is_exact.text}))"
    return where(tests.may(together), replace(is_exact, text=f"coalesce({in_one}, false)"))
