"""Patterns and expressions of a query as clauses of the Elasticsearch query DSL.

Elasticsearch forgets case for letters of ASCII only, and of short texts. So a field's own terms answer for values of
plain ASCII, and the folded tokens beside them for all others; what both answer for they answer alike.
"""

import re
from collections.abc import Sequence
from typing import Any

from sentinel.store.elastic.mapping import PAIRS
from sentinel.store.elastic.tokens import FOLDED, MAX_OWN_CHARACTERS, RAW
from sentinel.store.regex import ANY as ANY_CHARACTER
from sentinel.store.regex import Expression, Literal, Repeat, to_lucene, to_re2
from sentinel.store.regex import Sequence as Chain
from sentinel.store.tree import ANY, Pattern
from sentinel.store.words import MAX_COMPARED_CHARACTERS, fold

Clause = dict[str, Any]
NOTHING: Clause = {"match_none": {}}
EVERYTHING: Clause = {"match_all": {}}
MAX_STATES = 100_000
"""Of the automaton that Lucene makes of an expression; more is refused by the server."""
_ASCII = "[\u0000-\u007f]*"
_SIGN_OF_LUCENE = re.compile(r"""[!"#$%&'()*+,\-./:;<=>?@\[\\\]^`{|}~]""")


def folded(pattern: Pattern) -> Pattern:
    """Return the pattern with its literal texts folded."""
    return Pattern(tuple(part if index % 2 else fold(part) for index, part in enumerate(pattern.parts)))


def either(clauses: Sequence[Clause]) -> Clause:
    """Return the clause that one of them holds."""
    useful = [clause for clause in clauses if clause != NOTHING]
    if len(useful) < 2:
        return useful[0] if useful else NOTHING
    return {"bool": {"should": useful, "minimum_should_match": 1}}


def own_like(path: str, wanted: Pattern) -> Clause:
    """Return that a value of plain ASCII in the field at `path` fits the folded pattern."""
    if _needs_folded(wanted):
        return NOTHING
    if wanted.literal is not None:
        return {"term": {path: {"value": wanted.literal, "case_insensitive": True}}}
    # An accent that is a character of its own would be one `?` too much; for `*` it makes no difference.
    if all(part == ANY for part in wanted.parts[1::2]):
        return {"wildcard": {path: {"value": wildcard(wanted), "case_insensitive": True}}}
    return own_regex(path, _expression(wanted))


def own_regex(path: str, expression: Expression) -> Clause:
    """Return that a value of plain ASCII in the field at `path` fits the expression."""
    return _regexp(path, f"({to_lucene(expression, both_cases=True)})&{_ASCII}", "INTERSECTION")


def raw_like(field: str, wanted: Pattern) -> Clause:
    """Return that a value of plain ASCII of a field without mapping fits the folded pattern."""
    if _needs_folded(wanted):
        return NOTHING
    return raw_regex(field, _expression(wanted))


def raw_regex(field: str, expression: Expression) -> Clause:
    """Return that a value of plain ASCII of a field without mapping fits the expression."""
    begin = _quoted(field + RAW)
    return _regexp(PAIRS, f"({begin}({to_lucene(expression, both_cases=True)}))&{_ASCII}", "INTERSECTION")


def folded_like(field: str, wanted: Pattern) -> Clause:
    """Return that a folded token of the field fits the pattern."""
    if _length(wanted) > MAX_COMPARED_CHARACTERS:
        return NOTHING
    begin = field + FOLDED
    if wanted.literal is not None:
        return {"term": {PAIRS: {"value": begin + wanted.literal}}}
    return {"wildcard": {PAIRS: {"value": wildcard(Pattern((begin + wanted.parts[0], *wanted.parts[1:])))}}}


def folded_regex(field: str, expression: Expression) -> Clause:
    """Return that a folded token of the field fits the expression."""
    return _regexp(PAIRS, f"{_quoted(field + FOLDED)}({to_lucene(expression)})", "NONE")


def boolean_like(path: str, wanted: Pattern) -> Clause:
    """Return that a value of a field of true and false, written as text, fits the folded pattern."""
    return boolean_regex(path, _expression(wanted))


def boolean_regex(path: str, expression: Expression) -> Clause:
    """Return the same for an expression."""
    test = re.compile(to_re2(expression))
    found = [text for text in ("false", "true") if test.fullmatch(text)]
    return {"terms": {path: found}} if found else NOTHING


def beside_each_other(path: str, words: Sequence[Pattern]) -> Clause:
    """Return that folded words in the field at `path` fit the patterns, one after another."""
    if len(words) == 1:
        return _word(path, words[0])
    if all(word.literal is not None for word in words):
        return {"match_phrase": {path: " ".join(str(word.literal) for word in words)}}
    return {"span_near": {"clauses": _spans(path, words), "slop": 0, "in_order": True}}


def word_regex(path: str, expression: Expression) -> Clause:
    """Return that a folded word in the field at `path` fits the expression."""
    return _regexp(path, to_lucene(expression), "NONE")


def wildcard(pattern: Pattern) -> str:
    """Return a pattern in the notation of the wildcard query."""
    return "".join(
        part if index % 2 else re.sub(r"([*?\\])", r"\\\1", part) for index, part in enumerate(pattern.parts)
    )


def _word(path: str, word: Pattern) -> Clause:
    if word.literal is not None:
        return {"term": {path: {"value": word.literal}}}
    return {"wildcard": {path: {"value": wildcard(word)}}}


def _spans(path: str, words: Sequence[Pattern]) -> list[Clause]:
    found: list[Clause] = []
    for word in words:
        if not set(word.parts) - {"", ANY}:
            found.append({"span_gap": {path: 1}})
        elif word.literal is not None:
            found.append({"span_term": {path: {"value": word.literal}}})
        else:
            found.append({"span_multi": {"match": _word(path, word)}})
    return found


def _expression(pattern: Pattern) -> Expression:
    """Return the pattern as an expression."""
    items: list[Expression] = []
    for index, part in enumerate(pattern.parts):
        if not index % 2:
            items += map(Literal, part)
        else:
            items.append(Repeat(ANY_CHARACTER, 0, None) if part == ANY else ANY_CHARACTER)
    return Chain(tuple(items))


def _regexp(path: str, value: str, flags: str) -> Clause:
    return {"regexp": {path: {"value": value, "flags": flags, "max_determinized_states": MAX_STATES}}}


def _quoted(text: str) -> str:
    return _SIGN_OF_LUCENE.sub(lambda sign: "\\" + sign[0], text)


def _needs_folded(pattern: Pattern) -> bool:
    """Return whether only values with a folded token can fit."""
    return _length(pattern) > MAX_OWN_CHARACTERS or not all(part.isascii() for part in pattern.parts)


def _length(pattern: Pattern) -> int:
    """Return how many characters a value that fits has at least."""
    return sum(len(part) for part in pattern.parts[::2])
