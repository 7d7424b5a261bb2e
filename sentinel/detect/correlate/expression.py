"""Extended conditions of temporal correlations: `and`, `or` and `not` over the names of rules."""

import re
from collections.abc import Callable, Iterator

from msgspec import Struct

from sentinel.errors import InputError

MAX_CHARACTERS = 10_000
MAX_DEPTH = 50
_TOKEN = re.compile(r"\s*([()]|[A-Za-z0-9_.-]+)")


class Combined(Struct, frozen=True, tag="combined", array_like=True):
    """Holds when all of its parts do, or one of them."""

    needs_all: bool
    parts: tuple["Expression", ...]


class Excluded(Struct, frozen=True, tag="excluded", array_like=True):
    """Holds when its part does not."""

    part: "Expression"


Expression = str | Combined | Excluded
"""A text is the id of a rule: it holds when the rule matched in the window."""


def parse(text: str, find: Callable[[str], str]) -> Expression:
    """Return the expression in `text`; `find` returns the id meant by a name. Raises InputError where it is none.

    `not` binds tighter than `and`, `and` tighter than `or`, in small letters or capitals (SEP 198).
    """
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"correlation condition is longer than {MAX_CHARACTERS} characters")
    parser = _Parser(_tokens(text), find)
    found = parser.either(0)
    if parser.tokens:
        raise InputError(f"correlation condition: '{parser.tokens[0]}' is not expected there; say 'and' or 'or' before")
    return found


def names_in(text: str) -> list[str]:
    """Return the names of the rules in a condition, in their order, each once."""
    found: dict[str, None] = {}
    parse(text, lambda name: found.setdefault(name) or name)
    return list(found)


def _tokens(text: str) -> list[str]:
    return list(_split(text.strip()))


def _split(text: str) -> Iterator[str]:
    place = 0
    while place < len(text):
        token = _TOKEN.match(text, place)
        if token is None:
            raise InputError(f"correlation condition: {text[place : place + 20].strip()!r} is no name of a rule")
        yield token.group(1)
        place = token.end()


class _Parser:
    """Takes an expression apart from the left; one method per strength of binding."""

    def __init__(self, tokens: list[str], find: Callable[[str], str]) -> None:
        self.tokens = tokens
        self._find = find

    def either(self, depth: int) -> Expression:
        """Parts that `or` joins."""
        parts = [self._both(depth)]
        while self._takes("or"):
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else Combined(needs_all=False, parts=tuple(parts))

    def _both(self, depth: int) -> Expression:
        parts = [self._one(depth)]
        while self._takes("and"):
            parts.append(self._one(depth))
        return parts[0] if len(parts) == 1 else Combined(needs_all=True, parts=tuple(parts))

    def _one(self, depth: int) -> Expression:
        if depth > MAX_DEPTH:
            raise InputError(f"correlation condition is nested deeper than {MAX_DEPTH}")
        if self._takes("not"):
            return Excluded(self._one(depth + 1))
        if self._takes("("):
            inner = self.either(depth + 1)
            if not self._takes(")"):
                raise InputError("correlation condition: a parenthesis is not closed")
            return inner
        if not self.tokens or self.tokens[0].lower() in ("and", "or", ")"):
            raise InputError("correlation condition: the name of a rule is missing")
        return self._find(self.tokens.pop(0))

    def _takes(self, word: str) -> bool:
        is_next = bool(self.tokens) and self.tokens[0].lower() == word
        if is_next:
            self.tokens.pop(0)
        return is_next
