"""The text of a condition becomes a tree over the selections it names (Sigma rules specification, "Condition")."""

import re
from collections.abc import Mapping

from sentinel.detect.tree import Group, Negation, Node, Selection, all_of, one_of
from sentinel.errors import InputError

MAX_CONDITION_CHARACTERS = 200_000
MAX_DEPTH = 50
"""How deep parentheses and `not` may be nested."""
_TOKEN = re.compile(r"\s*([A-Za-z0-9_*-]+|[()])")
_OPERATORS = ("and", "or", "not")
_AGGREGATION = re.compile(r"\|\s*([A-Za-z]+)\s*(?:\(\s*([^)\s]*)\s*\))?(?:\s*by\s+([^\s<>=]+))?")
_REPLACED_BY = {"near": "temporal", "sum": "value_sum", "avg": "value_avg"}
_MAX_QUOTED = 60


def parse_condition(text: object, named: Mapping[str, Node]) -> Node:
    """Return the tree that `text` describes over the selections `named`; raise InputError saying what is wrong.

    Operators may be written in any case. Besides `1 of`, `any of` and `all of` any number may be asked for.
    """
    if not isinstance(text, str):
        raise InputError(f"condition must be text, got {type(text).__name__}")
    if len(text) > MAX_CONDITION_CHARACTERS:
        raise InputError(f"condition of {len(text)} characters; {MAX_CONDITION_CHARACTERS} are allowed")
    if "|" in text:
        raise InputError(_aggregation(text))
    if reserved := [name for name in named if name.lower() in _OPERATORS]:
        raise InputError(f"a selection cannot be called '{reserved[0]}', which is an operator of conditions")
    parser = _Parser(_tokens(text), named)
    node = parser.either(0)
    if (extra := parser.peek()) is not None:
        raise InputError(f"condition is not understood from '{extra[:_MAX_QUOTED]}' on; is an operator missing?")
    return node


def _tokens(text: str) -> list[str]:
    tokens: list[str] = []
    position, text = 0, text.rstrip()
    while position < len(text):
        found = _TOKEN.match(text, position)
        if found is None:
            wrong = len(text) - len(text[position:].lstrip())
            raise InputError(
                f"condition holds {text[wrong]!r} at character {wrong + 1}; "
                "names of selections are made of letters a to z, digits, '_' and '-'"
            )
        tokens.append(found[1])
        position = found.end()
    return tokens


def _aggregation(text: str) -> str:
    """Return what to write instead of an aggregation, which correlation rules replaced in Sigma 2."""
    found = _AGGREGATION.search(text)
    kind, group = "", ""
    if found is not None:
        function, field, by = found[1].lower(), found[2], found[3]
        kind = ("value_count" if field else "event_count") if function == "count" else _REPLACED_BY.get(function, "")
        group = f" with group-by {by}" if by else ""
    advice = f"of type {kind}{group}" if kind else "(event_count, value_count, temporal, ...)"
    return f"aggregations in a condition ('|') are deprecated; write a correlation rule {advice} instead"


class _Parser:
    """Reads tokens by recursive descent: `or` binds loosest, then `and`, `not`, and `of`."""

    def __init__(self, tokens: list[str], named: Mapping[str, Node]) -> None:
        self._tokens = tokens
        self._place = 0
        self._named = named

    def peek(self) -> str | None:
        """Return the next token, or None at the end."""
        return self._tokens[self._place] if self._place < len(self._tokens) else None

    def either(self, depth: int) -> Node:
        """Return what the next parts joined by `or` mean."""
        parts = [self._both(depth)]
        while self._takes("or"):
            parts.append(self._both(depth))
        return parts[0] if len(parts) == 1 else one_of(tuple(parts))

    def _both(self, depth: int) -> Node:
        parts = [self._operand(depth)]
        while self._takes("and"):
            parts.append(self._operand(depth))
        return parts[0] if len(parts) == 1 else all_of(tuple(parts))

    def _operand(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise InputError(f"condition is nested deeper than {MAX_DEPTH} levels")
        if self._takes("not"):
            return Negation(self._operand(depth + 1))
        if self._takes("("):
            node = self.either(depth + 1)
            if not self._takes(")"):
                raise InputError("condition lacks a closing parenthesis")
            return node
        return self._name()

    def _name(self) -> Node:
        name = self.peek()
        if name is None:
            raise InputError("condition ends where the name of a selection is expected")
        if name in "()" or name.lower() in _OPERATORS:
            raise InputError(f"condition has '{name}' where the name of a selection is expected")
        self._place += 1
        if self._takes("of"):
            return self._selector(name)
        if name not in self._named:
            raise InputError(f"condition names '{name[:_MAX_QUOTED]}', but detection has no such selection")
        return Selection(name, self._named[name])

    def _selector(self, quantifier: str) -> Group:
        pattern = self.peek()
        if pattern is None or pattern in "()":
            raise InputError(f"'{quantifier} of' needs a pattern of selection names, or 'them'")
        self._place += 1
        chosen = tuple(Selection(name, self._named[name]) for name in chosen_names(pattern, self._named))
        words = f"'{quantifier[:_MAX_QUOTED]} of {pattern[:_MAX_QUOTED]}'"
        if not chosen:
            raise InputError(f"{words} fits none of the selections")
        match quantifier.lower():
            case "all":
                return all_of(chosen)
            case "any":
                return one_of(chosen)
        if not (quantifier.isdecimal() and int(quantifier[:9]) > 0):
            raise InputError(f"{words} must begin with a number from 1, 'any' or 'all'")
        if int(quantifier[:9]) > len(chosen):
            raise InputError(f"{words} can never hold: it fits {len(chosen)} of the selections")
        return Group(chosen, int(quantifier))

    def _takes(self, word: str) -> bool:
        following = self.peek()
        if following is None or following.lower() != word:
            return False
        self._place += 1
        return True


def chosen_names(pattern: str, names: Mapping[str, object]) -> list[str]:
    """Return the names that `pattern` fits; names that begin with `_` only where the pattern does too."""
    if pattern.lower() == "them" and pattern not in names:
        return [name for name in names if not name.startswith("_")]
    fits = re.compile(".*".join(re.escape(part) for part in pattern.split("*")))
    return [name for name in names if fits.fullmatch(name) and (pattern.startswith("_") or not name.startswith("_"))]
