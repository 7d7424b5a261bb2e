"""How much work a regular expression can make for an engine that backtracks, told before it is let near a text.

RE2 searches in linear time but refuses look-around and back-references. Python's engine takes those, in a time that can
grow with a power of the text's length, or beyond any. This reads the expression and bounds that time.
"""

import re
from dataclasses import dataclass
from math import inf, log

MAX_STEPS = 4_000_000
"""Steps one text may cost, about 50 ms."""
LENGTHS = (4_096, 2_048, 1_024, 512, 256)
"""How much of a text is searched: the longest that stays within the steps."""
_MAX_DEPTH = 60
_ANCHORED = re.compile(r"(?:\(\?[aiLsu]+\))?(?:\^|\\A)")
_QUANTIFIER = re.compile(r"(?:([*+?])|\{(\d{0,9})(,?)(\d{0,9})\})([+?]?)")
_GROUP = re.compile(r"\(\?(?:P<\w+>|P=(\w+)\)|(<?[=!])|(>)|#[^)]*\)|[aiLmsux]*(?:-[imsx]+)?[:)]|:)")
_ESCAPE = re.compile(
    r"\\(?:x[0-9a-fA-F]{2}|u[0-9a-fA-F]{4}|U[0-9a-fA-F]{8}|N\{[^}]*\}|([1-9]\d?)|[0-7]{1,3}|.)", re.DOTALL
)


@dataclass(frozen=True, slots=True)
class _Work:
    """What a part of an expression costs at one place of a text."""

    ways: float
    """Ends it may have there; the rest of the expression may be tried at each."""
    steps: float
    start: str = ""
    """The literal it begins with, where it does."""


def searchable_length(expression: str) -> int | None:
    """Return how many characters of a text can be searched within bounds; None where not even the shortest length can.

    `expression` must be one that `re` compiles.
    """
    for length in LENGTHS:
        reader = _Reader(expression, length)
        try:
            work = reader.branches(0)
        except ValueError:
            return None
        places = 1 if _ANCHORED.match(expression) and reader.top_branches == 1 else length
        if reader.is_done and work.steps * places <= MAX_STEPS:
            return length
    return None


class _Reader:
    """Reads an expression once, for texts of one length."""

    def __init__(self, expression: str, length: int) -> None:
        self._text = expression
        self._place = 0
        self._length = length
        self.top_branches = 0

    @property
    def is_done(self) -> bool:
        """Whether the whole expression was understood."""
        return self._place == len(self._text)

    def branches(self, depth: int) -> _Work:
        """Return the work of what is separated by `|`, up to the end or a closing parenthesis."""
        if depth > _MAX_DEPTH:
            raise ValueError("nested too deeply")
        found = [self._sequence(depth)]
        while self._place < len(self._text) and self._text[self._place] == "|":
            self._place += 1
            found.append(self._sequence(depth))
        self.top_branches = len(found) if depth == 0 else self.top_branches
        starts = {each.start.casefold() for each in found}
        exclude_each_other = "" not in starts and len(starts) == len(found)
        ways = max(each.ways for each in found) if exclude_each_other else sum(each.ways for each in found)
        return _Work(ways, sum(each.steps for each in found), found[0].start if len(found) == 1 else "")

    def _sequence(self, depth: int) -> _Work:
        parts: list[_Work] = []
        while self._place < len(self._text) and self._text[self._place] not in "|)":
            parts.append(self._quantified(self._atom(depth)))
        steps = 1.0
        for part in reversed(parts):
            steps = part.steps + part.ways * steps
        ways = 1.0
        for part in parts:
            ways *= part.ways
        return _Work(ways, steps, parts[0].start if parts else "")

    def _atom(self, depth: int) -> _Work:
        character = self._text[self._place]
        if character == "(":
            return self._group(depth)
        if character == "[":
            return self._set()
        if character == "\\":
            return self._escape()
        self._place += 1
        return _Work(1, 1, "" if character in ".^$" else character)

    def _escape(self) -> _Work:
        found = _ESCAPE.match(self._text, self._place)
        if found is None:
            raise ValueError("a lone backslash")
        self._place = found.end()
        return _Work(1, self._length if found[1] else 1)

    def _set(self) -> _Work:
        place = self._place + 1
        place += self._text.startswith("^", place)
        place += self._text.startswith("]", place)
        while place < len(self._text) and self._text[place] != "]":
            place += 2 if self._text[place] == "\\" else 1
        self._place = place + 1
        return _Work(1, 1)

    def _group(self, depth: int) -> _Work:
        found = _GROUP.match(self._text, self._place)
        if found is None:
            if self._text.startswith("(?", self._place):
                raise ValueError("a group of unknown kind")
            self._place += 1
            return self._inside(depth)
        if "x" in found[0].split("-")[0] and not found[0].startswith("(?P"):
            raise ValueError("a verbose expression")
        self._place = found.end()
        if found[0].endswith(")"):
            return _Work(1, self._length if found[1] else 1)
        inner = self._inside(depth)
        # What an assertion or an atomic group found is never tried again.
        return _Work(1, inner.steps) if found[2] or found[3] else inner

    def _inside(self, depth: int) -> _Work:
        inner = self.branches(depth + 1)
        if not self._text.startswith(")", self._place):
            raise ValueError("a group without an end")
        self._place += 1
        return inner

    def _quantified(self, item: _Work) -> _Work:
        found = _QUANTIFIER.match(self._text, self._place)
        if found is None or (found[1] is None and not (found[2] or found[4])):
            return item
        self._place = found.end()
        least, most = _bounds(found, self._length)
        steps = max(most, 1) * item.steps
        if item.ways > 1:
            ways = inf
            if most * log(item.ways) < log(MAX_STEPS):
                ways = sum(item.ways**count for count in range(least, most + 1))
            return _Work(1 if found[5] == "+" else ways, max(steps, ways * item.steps))
        return _Work(1 if found[5] == "+" else most - least + 1, steps, item.start if least else "")


def _bounds(found: re.Match[str], length: int) -> tuple[int, int]:
    """Return how often a quantifier repeats at least and at most in a text of so many characters."""
    if found[1]:
        return {"*": (0, length), "+": (1, length), "?": (0, 1)}[found[1]]
    least = int(found[2] or 0)
    most = least if not found[3] else int(found[4]) if found[4] else length
    return min(least, length), min(max(most, least), length)
