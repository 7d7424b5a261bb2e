"""Texts, compared without case unless the rule says otherwise; a list of them is one test."""

from collections.abc import Callable, Iterable, Sequence

import ahocorasick_rs
from sigma.types import SigmaString

from sentinel.detect.facts import fold, text_of
from sentinel.detect.place import Place, Test, any_text
from sentinel.detect.wildcard import Pattern, matcher, pattern, surround

AUTOMATON_FROM = 24
"""From so many needles on, one pass with Aho-Corasick beats looking for each."""
Check = Callable[[str], bool]


def string(value: SigmaString, place: Place) -> Test:
    """Return the test of one string value."""
    return any_string([value], place)


def any_string(values: Sequence[SigmaString], place: Place) -> Test:
    """Return a test that holds where any of `values` fits, without regard to case."""
    return any_text(place.folded(), check_of([_pattern(value, place, fold) for value in values]))


def cased(value: SigmaString, place: Place) -> Test:
    """Return the test of a string value with modifier `cased`."""
    return any_text(place.texts(), check_of([_pattern(value, place, text_of)]))


def _pattern(value: SigmaString, place: Place, change: Callable[[str], str]) -> Pattern:
    found = pattern(value, change)
    return surround(found) if place.is_keyword else found


def check_of(patterns: Iterable[Pattern]) -> Check:
    """Return a function that says whether a text fits any of `patterns`, sorted by what is cheapest to ask."""
    exact: set[str] = set()
    starts: list[str] = []
    ends: list[str] = []
    needles: list[str] = []
    others: list[Check] = []
    for given in patterns:
        match given.literals:
            case (whole,):
                exact.add(whole)
            case (start, "") if start:
                starts.append(start)
            case ("", end) if end:
                ends.append(end)
            case ("", needle, ""):
                needles.append(needle)
            case _:
                others.append(matcher(given))
    return _either(_exact(exact), _starts(starts), _ends(ends), _needles(needles), others)


def _either(*checks: Check | list[Check] | None) -> Check:
    flat: list[Check] = []
    for check in checks:
        flat.extend(check if isinstance(check, list) else [] if check is None else [check])
    if len(flat) == 1:
        return flat[0]

    def check_all(text: str) -> bool:
        for check in flat:  # noqa: SIM110 - see `any_text`
            if check(text):
                return True
        return False

    return check_all


def _exact(texts: set[str]) -> Check | None:
    if not texts:
        return None
    if len(texts) == 1:
        return next(iter(texts)).__eq__
    return frozenset(texts).__contains__


def _starts(texts: list[str]) -> Check | None:
    together = tuple(texts)
    return (lambda text: text.startswith(together)) if texts else None


def _ends(texts: list[str]) -> Check | None:
    together = tuple(texts)
    return (lambda text: text.endswith(together)) if texts else None


def _needles(texts: list[str]) -> Check | None:
    if not texts:
        return None
    if "" in texts:
        return lambda text: True  # noqa: ARG005 - `**` asks for nothing but presence
    if len(texts) == 1:
        needle = texts[0]
        return lambda text: needle in text
    if len(texts) >= AUTOMATON_FROM:
        return _Automaton(texts)
    together = tuple(texts)

    def check(text: str) -> bool:
        for needle in together:  # noqa: SIM110 - see `any_text`
            if needle in text:
                return True
        return False

    return check


class _Automaton:
    """Many needles at once; built when first asked, because most rules of a big set never are."""

    def __init__(self, needles: list[str]) -> None:
        self._needles = needles
        self._automaton: ahocorasick_rs.AhoCorasick | None = None

    def __call__(self, text: str) -> bool:
        if self._automaton is None:
            self._automaton = ahocorasick_rs.AhoCorasick(self._needles)
        return bool(self._automaton.find_matches_as_indexes(text))
