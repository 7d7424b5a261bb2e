"""Sigma's wildcards: `*` is any text, `?` any one character, and both match line breaks."""

import re
from collections.abc import Callable
from dataclasses import dataclass

from sigma.types import Placeholder, SigmaString, SpecialChars

from sentinel.errors import InputError

ANY = SpecialChars.WILDCARD_MULTI
ONE = SpecialChars.WILDCARD_SINGLE
Piece = tuple[str | None, ...]
"""A stretch without `*`: texts, with None for each `?`."""


@dataclass(frozen=True, slots=True)
class Pattern:
    """A string value, cut at its `*`."""

    pieces: tuple[Piece, ...]
    """`a*b?` is `(("a",), ("b", None))`; a `*` at an end leaves an empty piece there."""

    @property
    def literals(self) -> tuple[str, ...] | None:
        """The pieces as texts, or None where one of them holds a `?`."""
        if any(part is None for piece in self.pieces for part in piece):
            return None
        return tuple("".join(part or "" for part in piece) for piece in self.pieces)


def pattern(value: SigmaString, change: Callable[[str], str]) -> Pattern:
    """Return `value` as a pattern with `change` (such as folding) applied to its texts.

    Raises InputError for a placeholder that nothing has replaced.
    """
    pieces: list[Piece] = []
    piece: list[str | None] = []
    for part in value.s:
        if isinstance(part, Placeholder):
            raise InputError(f"placeholder %{part.name}% has no value; replace it in the rule")
        if part is ANY:
            pieces.append(tuple(piece))
            piece = []
        elif part is ONE:
            piece.append(None)
        else:
            piece.append(change(str(part)))
    return Pattern((*pieces, tuple(piece)))


def surround(given: Pattern) -> Pattern:
    """Return `given` with a `*` at both ends: what a keyword means."""
    return Pattern(((), *given.pieces, ()))


def matcher(given: Pattern) -> Callable[[str], bool]:
    """Return a function that says whether a whole text fits the pattern.

    Every piece has a fixed length, so taking each at its first place after the one before is right, and the time is
    linear in the text for each piece: no text can make it explode.
    """
    if len(given.pieces) == 1:
        whole = _compile(given.pieces[0])
        return lambda text: whole.fullmatch(text) is not None
    first, *middle, last = given.pieces
    start, end = _compile(first), _compile(last)
    end_length = _length(last)
    searches = [_finder(piece) for piece in middle if piece]

    def fits(text: str) -> bool:
        found = start.match(text)
        if found is None:
            return False
        position = found.end()
        for search in searches:
            position = search(text, position)
            if position < 0:
                return False
        tail = len(text) - end_length
        return tail >= position and end.match(text, tail) is not None

    return fits


def _length(piece: Piece) -> int:
    return sum(1 if part is None else len(part) for part in piece)


def _compile(piece: Piece) -> re.Pattern[str]:
    return re.compile("".join("." if part is None else re.escape(part) for part in piece), re.DOTALL)


def _finder(piece: Piece) -> Callable[[str, int], int]:
    """Return a function that gives the end of the first place of `piece` from a position on, or -1."""
    if None not in piece:
        literal = "".join(part or "" for part in piece)
        length = len(literal)

        def find(text: str, position: int) -> int:
            place = text.find(literal, position)
            return -1 if place < 0 else place + length

        return find
    search = _compile(piece).search

    def find_pattern(text: str, position: int) -> int:
        found = search(text, position)
        return -1 if found is None else found.end()

    return find_pattern
