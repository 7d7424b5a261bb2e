"""Turns the query tree into SQL for DuckDB; every value from the query is a bound parameter."""

from collections.abc import Sequence
from dataclasses import replace
from functools import reduce

from sentinel.model.agency import Scope
from sentinel.model.ecs import LISTS, type_of
from sentinel.model.search import Search
from sentinel.store import sql_values as tests
from sentinel.store.columns import AGENCY, EVENT_ID, ID, KINDS, REST, TIME
from sentinel.store.phrases import phrase
from sentinel.store.raw_words import longest_run
from sentinel.store.sql_fields import as_text, marker, pointer, quoted
from sentinel.store.sql_phrases import PhraseTests, in_texts, phrase_tests
from sentinel.store.sql_values import SEPARATOR, Sql, Test, join, naive, where
from sentinel.store.tree import (
    And,
    Between,
    Contains,
    Everything,
    Exists,
    Free,
    Leaf,
    Like,
    Node,
    Not,
    Or,
    Regex,
    Within,
)
from sentinel.store.words import FREE_TEXT, is_prose

MAX_LISTED = 4
"""Agencies that are named one by one, so that DuckDB leaves out what has none of them."""


def condition(search: Search, tree: Node, misfits: frozenset[str]) -> Sql:
    """Return the condition for scope, time and the query's tree; raise `InputError` for a time that is none.

    In `misfits` are the promoted fields that some record keeps in the rest.
    """
    parts = [_scope(search.scope)]
    if search.start is not None:
        parts.append(Sql(f'"{TIME}" >= ?', (naive(search.start),)))
    if search.end is not None:
        parts.append(Sql(f'"{TIME}" < ?', (naive(search.end),)))
    if not isinstance(tree, Everything):
        parts.append(_Translation(misfits).node(tree, is_negated=False))
    return join(" AND ", parts)


def _scope(scope: Scope) -> Sql:
    agencies = sorted(scope)
    if not agencies:
        return tests.NEVER
    if len(agencies) <= MAX_LISTED or any(SEPARATOR in each for each in agencies):
        return Sql(f'"{AGENCY}" IN ({", ".join("?" * len(agencies))})', tuple(agencies))
    # DuckDB asks this once of each value of a column, where `IN` would look for the value of each record.
    return Sql(f'list_contains(string_split(?, chr(31)), "{AGENCY}")', (SEPARATOR.join(agencies),))


class _Translation:
    def __init__(self, misfits: frozenset[str]) -> None:
        self._misfits = misfits

    def node(self, node: Node, *, is_negated: bool) -> Sql:
        """Return the condition; below a negation every part is true or false, never NULL."""
        match node:
            case Everything():
                return Sql("true")
            case And(items):
                return _all([(item, self.node(item, is_negated=is_negated)) for item in items])
            case Or(items):
                return join(" OR ", [self.node(item, is_negated=is_negated) for item in items])
            case Not(item):
                inner = self.node(item, is_negated=True)
                return replace(inner, text=f"(NOT {inner.text})")
        found = self._leaf(node)
        return replace(found, text=f"coalesce({found.text}, false)") if is_negated else found

    def _leaf(self, node: Leaf) -> Sql:
        match node:
            case Exists(field):
                return self._exists(field)
            case Between() if KINDS.get(node.field) in ("date", "long", "float"):
                return self._between(node)
            case Like(field, pattern):
                return self._any_value(field, tests.like(pattern), tests.like(pattern))
        return _prepared_once(self._expression(node))

    def _expression(self, node: Free | Between | Contains | Regex | Within) -> Sql:
        """Return the condition that a text fits regular expressions."""
        test: Test
        match node:
            case Free(pattern):
                return self._free(phrase_tests(pattern))
            case Between():
                return self._between(node)
            case Contains(field, pattern):
                test = phrase_tests(pattern).both
            case Regex(field, expression):
                test = tests.word_fits(expression) if is_prose(field) else tests.fits(expression)
            case Within(field, low, high):
                test = tests.lies_within(low, high)
                listed = tests.lies_within(low, high, is_listed=True)
                return self._any_value(field, listed if field in LISTS else test, listed)
        return self._any_value(field, test, test)

    def _free(self, wanted: PhraseTests) -> Sql:
        """Return that the words stand in one of the fields of free text."""
        in_rest = [_rest(name, wanted.both) for name in FREE_TEXT if name in self._misfits]
        return join(" OR ", [in_texts(wanted), *in_rest])

    def _between(self, node: Between) -> Sql:
        if type_of(node.field) == "date":
            return self._any_value(node.field, tests.is_at(node), tests.is_at_text(node), is_text=False)
        is_number = KINDS.get(node.field) in ("long", "float")
        in_column = tests.lies_between(node, is_number=is_number)
        return self._any_value(node.field, in_column, tests.lies_between(node), is_text=False)

    def _exists(self, field: str) -> Sql:
        if field == EVENT_ID:
            return Sql("true")
        in_rest = _where_named(
            field,
            Sql(
                f'coalesce(json_array_length("{REST}", ?) > 0 OR json_type("{REST}", ?) <> \'ARRAY\', false)',
                (pointer(field), pointer(field)),
                is_costly=True,
            ),
        )
        if field not in KINDS:
            return in_rest
        in_column = Sql(f"len({quoted(field)}) > 0" if field in LISTS else f"{quoted(field)} IS NOT NULL")
        return join(" OR ", [in_column, in_rest]) if field in self._misfits else in_column

    def _any_value(self, field: str, in_column: Test, in_rest: Test, *, is_text: bool = True) -> Sql:
        """Return that one of the field's values passes, wherever they are kept."""
        if field == EVENT_ID:
            return in_column(f'"{ID}"')
        if field not in KINDS:
            return _rest(field, in_rest)
        column = _column(field, in_column, is_text=is_text)
        return join(" OR ", [column, _rest(field, in_rest)]) if field in self._misfits else column


def _all(items: Sequence[tuple[Node, Sql]]) -> Sql:
    """Return that all hold; those that read long texts are asked last, the one that seems to hold most seldom first."""
    cheap = [found for _, found in items if not found.is_costly]
    costly = [found for _, found in sorted(items, key=lambda item: -_letters(item[0])) if found.is_costly]
    return join(
        " AND ", [*cheap, *([reduce(lambda then, first: where(first, then), reversed(costly))] if costly else ())]
    )


def _letters(node: Node) -> int:
    """Return how many letters in a row a text must have: the more, the fewer have them."""
    return len(longest_run(phrase(node.pattern))) if isinstance(node, Free | Contains) else 0


def _prepared_once(condition: Sql) -> Sql:
    """Return the condition so that DuckDB leaves it out of the reading of a file.

    Where only one column is asked for, it would be asked while that is read, and its regular expressions be prepared
    anew for each row group, which takes a hundred times as long. A time is never missing.
    """
    return replace(condition, text=f'CASE WHEN "{TIME}" IS NULL THEN false ELSE {condition.text} END')


def _column(field: str, test: Test, *, is_text: bool) -> Sql:
    if field in LISTS:
        inner = test(as_text(field, "v") if is_text else "v")
        return replace(inner, text=f"list_bool_or(list_transform({quoted(field)}, lambda v: {inner.text}))")
    return test(as_text(field, quoted(field)) if is_text else quoted(field))


def _rest(field: str, test: Test) -> Sql:
    inner = test("v")
    listed = f'list_bool_or(list_transform(rest_values("{REST}", ?), lambda v: {inner.text}))'
    return _where_named(field, Sql(f"coalesce({listed}, false)", (pointer(field), *inner.values), is_costly=True))


def _where_named(field: str, condition: Sql) -> Sql:
    """Return that the rest has the field, and then the condition on it.

    Most records do not have it: looking for its name is far cheaper than reading JSON.
    """
    return where(Sql(f'contains("{REST}", ?)', (marker(field),)), condition)
