"""Regular expressions: searched, case-sensitive, and in linear time wherever RE2 can."""

import re
import warnings
from collections.abc import Callable
from functools import lru_cache

import re2

from sentinel.detect.backtracking import searchable_length
from sentinel.detect.check import Check, Reads
from sentinel.detect.values import Expression
from sentinel.errors import InputError

MAX_EXPRESSION_CHARACTERS = 10_000


def regular_expression(value: Expression, *, is_keyword: bool) -> Check:  # noqa: ARG001 - found anywhere either way
    """Return the check of a value with modifier `re` and its flags."""
    return Check(Reads.TEXT, searcher(value.expression, value.flags))


@lru_cache(maxsize=4_096)
def searcher(expression: str, flags: str) -> Callable[[str], bool]:
    """Return a function that says whether the expression is found in a text; raise InputError where it is none."""
    if len(expression) > MAX_EXPRESSION_CHARACTERS:
        raise InputError(f"regular expression of {len(expression)} characters; {MAX_EXPRESSION_CHARACTERS} are allowed")
    whole = f"(?{flags}){expression}" if flags else expression
    options = re2.Options()
    options.log_errors = False
    try:
        search = re2.compile(whole, options).search
    except re2.error as error:
        return _backtracking(whole, _words(error))
    # In bytes it is several times as fast: nobody has to count characters for a place that is not asked for.
    return lambda text: search(text.encode("utf-8", "replace")) is not None


def _words(error: Exception) -> str:
    """Return what RE2 says, which it says in bytes."""
    said = error.args[0] if error.args else ""
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


def _backtracking(expression: str, refusal: str) -> Callable[[str], bool]:
    """Return the searcher of an expression RE2 refuses: look-around, back-references, high counts."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # Python warns of brackets that other engines read literally.
            search = re.compile(expression).search
    except (re.error, OverflowError, RecursionError) as error:
        raise InputError(f"regular expression '{expression[:80]}' is invalid: {error}") from error
    length = searchable_length(expression)
    if length is None:
        raise InputError(
            f"regular expression '{expression[:80]}' cannot be searched in linear time ({refusal}) "
            "and could take time without bound otherwise; write it without look-around and back-references"
        )
    return lambda text: search(text[:length]) is not None
