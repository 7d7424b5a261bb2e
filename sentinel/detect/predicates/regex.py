"""Regular expressions: searched, case-sensitive, and in linear time wherever RE2 can."""

import re
import warnings
from collections.abc import Callable, Sequence
from functools import lru_cache

import re2
from sigma.types import SigmaRegularExpression, SigmaRegularExpressionFlag

from sentinel.detect.facts import Facts
from sentinel.detect.place import Place, Test, any_text
from sentinel.errors import InputError

MAX_BACKTRACKED_CHARACTERS = 4_096
"""Longer texts are cut for the expressions that need a backtracking engine, whose time can explode."""
MAX_EXPRESSION_CHARACTERS = 10_000
_LETTERS = {
    SigmaRegularExpressionFlag.IGNORECASE: "i",
    SigmaRegularExpressionFlag.MULTILINE: "m",
    SigmaRegularExpressionFlag.DOTALL: "s",
}


def regular_expression(value: SigmaRegularExpression, place: Place) -> Test:
    """Return the test of a value with modifier `re` and its flags."""
    if value.contains_placeholder():
        raise InputError(f"regular expression '{value.regexp}' holds a placeholder; replace it in the rule")
    return any_text(place.texts(), searcher(str(value.regexp), _flags(value)))


def any_expression(values: Sequence[SigmaRegularExpression], place: Place) -> Test:
    """Return one test for a list of regular expressions of which any may be found; RE2 looks for all in one pass."""
    tests = [regular_expression(value, place) for value in values]
    together = "|".join(f"(?{_flags(value)}:{value.regexp})" for value in values)
    try:
        search = re2.compile(together, _options()).search
    except re2.error:

        def one_by_one(facts: Facts) -> bool:
            return any(test(facts) for test in tests)

        return one_by_one
    return any_text(place.texts(), lambda text: search(text) is not None)


def _flags(value: SigmaRegularExpression) -> str:
    return "".join(sorted(_LETTERS[flag] for flag in value.flags))


def _options() -> re2.Options:
    options = re2.Options()
    options.log_errors = False
    return options


@lru_cache(maxsize=4_096)
def searcher(expression: str, flags: str) -> Callable[[str], bool]:
    """Return a function that says whether the expression is found in a text; raise InputError where it is none."""
    if len(expression) > MAX_EXPRESSION_CHARACTERS:
        raise InputError(f"regular expression of {len(expression)} characters; {MAX_EXPRESSION_CHARACTERS} are allowed")
    whole = f"(?{flags}){expression}" if flags else expression
    try:
        search = re2.compile(whole, _options()).search
    except re2.error:
        return _backtracking(whole)
    return lambda text: search(text) is not None


def _backtracking(expression: str) -> Callable[[str], bool]:
    """Return the searcher of an expression RE2 refuses: look-around, back-references."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python warns of brackets that other engines read literally.
            search = re.compile(expression).search
    except (re.error, OverflowError, RecursionError) as error:
        raise InputError(f"regular expression '{expression[:80]}' is invalid: {error}") from error
    return lambda text: search(text[:MAX_BACKTRACKED_CHARACTERS]) is not None
