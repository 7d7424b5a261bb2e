"""Literals that a text must hold for a value of a rule to fit it: what an automaton can look for beforehand."""

import re
import warnings
from typing import Any

from sentinel.detect.facts import fold
from sentinel.detect.values import Expression, Piece, Text

MIN_LITERAL = 2
"""A shorter literal is found nearly everywhere, and would only cost."""
_parser: Any = re._parser  # type: ignore[attr-defined]
_FAILURES = (re.error, RecursionError, OverflowError, ValueError)


def of_text(value: Text) -> str:
    """Return the longest folded literal of a text with wildcards; empty where it has none long enough."""
    return _best(["".join(run) for piece in value.pieces for run in _runs(piece)])


def of_expression(value: Expression) -> str:
    """Return the longest folded literal that everything the expression finds must hold; empty where none is sure.

    Expressions without case are left to the caller's care: their engine folds some letters that we do not.
    """
    if "[:" in value.expression:
        return ""  # a class of POSIX to RE2, something else to Python, whose parser is used here
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return _best(_sure(_parser.parse(value.expression)))
    except _FAILURES:
        return ""


def _best(found: list[str]) -> str:
    best = max((fold(each) for each in found), key=len, default="")
    return best if len(best) >= MIN_LITERAL else ""


def _runs(piece: Piece) -> list[list[str]]:
    runs: list[list[str]] = [[]]
    for part in piece:
        if part is None:
            runs.append([])
        else:
            runs[-1].append(part)
    return runs


def _sure(parsed: Any) -> list[str]:
    """Return literals that every text found by a parsed expression holds."""
    found: list[str] = []
    run: list[str] = []
    for operator, argument in parsed:
        name = str(operator)
        if name == "LITERAL":
            run.append(chr(argument))
            continue
        if name == "AT":
            continue  # a place between characters: the run goes on
        found.append("".join(run))
        run = []
        if name == "SUBPATTERN" and not (argument[1] or argument[2]):
            found += _sure(argument[3])
        elif name in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT") and argument[0] > 0:
            found += _sure(argument[2])
    found.append("".join(run))
    return found
