"""Sigma's wildcards: `*` is any text, `?` any one character, and both match line breaks."""

import re
from collections.abc import Callable

from sentinel.detect.values import Piece

Check = Callable[[str], bool]


def literals(pieces: tuple[Piece, ...]) -> tuple[str, ...] | None:
    """Return the pieces as texts, or None where one of them holds a `?`."""
    if any(part is None for piece in pieces for part in piece):
        return None
    return tuple("".join(part or "" for part in piece) for piece in pieces)


def changed(pieces: tuple[Piece, ...], change: Callable[[str], str]) -> tuple[Piece, ...]:
    """Return the pieces with `change` (such as folding) applied to their texts."""
    return tuple(tuple(None if part is None else change(part) for part in piece) for piece in pieces)


def matcher(pieces: tuple[Piece, ...]) -> Check:
    """Return a function that says whether a whole text fits the pattern cut into `pieces`.

    Every piece has a fixed length, so taking each at its first place after the one before is right, and the time is
    linear in the text for each piece: no text can make it explode.
    """
    match literals(pieces):
        case (whole,):
            return whole.__eq__
        case (start, ""):
            return lambda text: text.startswith(start)
        case ("", end):
            return lambda text: text.endswith(end)
        case ("", needle, ""):
            return lambda text: needle in text
    if len(pieces) == 1:
        exact = _compile(pieces[0])
        return lambda text: exact.fullmatch(text) is not None
    return _cut(pieces)


def _cut(pieces: tuple[Piece, ...]) -> Check:
    first, *middle, last = pieces
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
