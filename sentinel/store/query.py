"""The query language: Lucene syntax, parsed by luqum, becomes a small tree that every backend translates.

Terms beside each other must all hold. A name that ECS does not know is a keyword. Texts are compared without regard
to case and accents; `*` and `?` are wildcards outside quotes; `source.ip:10.0.0.0/8` is a network; `/a|b/` is a
regular expression.
"""

import re
import threading
from collections.abc import Callable, Sequence
from itertools import pairwise

from luqum import tree as luqum
from luqum.exceptions import ParseError
from luqum.parser import parser

from sentinel.errors import InputError
from sentinel.store import regex
from sentinel.store.query_values import between, fault, term
from sentinel.store.tree import ANY, ONE, And, Contains, Everything, Exists, Free, Like, Node, Not, Or, Pattern, Regex
from sentinel.store.words import is_prose

MAX_CHARACTERS = 10_000
MAX_DEPTH = 20
MAX_TERMS = 500
MAX_WILDCARDS = 50
"""In one term; what they stand for takes stores long to prepare."""
MAX_REASON_CHARACTERS = 200

_PARSING = threading.Lock()  # luqum's lexer is one object for the whole process.
_FIELD = re.compile(r"@?[A-Za-z_][\w.@-]{0,255}", re.ASCII)
_UNSUPPORTED = {
    luqum.Fuzzy: "fuzzy search (~) is not supported",
    luqum.Proximity: "proximity search (~) is not supported",
    luqum.Boost: "boosting (^) has no use here",
}


def parse(query: str) -> Node:
    """Return the tree of `query`; raise `InputError` naming the fault and its place, counted from 1."""
    if len(query) > MAX_CHARACTERS:
        raise InputError(f"query: {len(query)} characters, more than the {MAX_CHARACTERS} allowed")
    if not query.strip() or query.strip() == "*":
        return Everything()
    try:
        with _PARSING:
            found = parser.parse(query)
    except (ParseError, RecursionError) as error:
        raise InputError(f"query: {_reason(error)}; put values with special characters in quotes") from error
    if found is None:
        raise InputError("query: nothing to search for was found in it")
    return _Reader().node(found, None, 0)


def quoted(text: str) -> str:
    """Return a text as a query names it whole, whatever is in it."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _reason(error: Exception) -> str:
    """Return luqum's message with the place counted from 1, as all our messages have it."""
    text = str(error).removeprefix("Syntax error in input : ").removesuffix("!").replace("  ", " ")
    text = re.sub(r"at position (\d+)", lambda found: f"at character {int(found[1]) + 1}", text)
    return text if len(text) <= MAX_REASON_CHARACTERS else "…" + text[-MAX_REASON_CHARACTERS:]


class _Reader:
    """Walks luqum's tree once, counting terms."""

    def __init__(self) -> None:
        self._terms = 0

    def node(self, item: luqum.Item, field: str | None, depth: int) -> Node:
        """Return our node for luqum's; `field` is the one whose value is being read."""
        if depth > MAX_DEPTH:
            raise fault(item, f"nested more than {MAX_DEPTH} levels deep")
        if (branch := _BRANCHES.get(type(item))) is not None:
            _check_slashes(item.children)
            return branch(tuple(self.node(child, field, depth + 1) for child in item.children))
        if isinstance(item, luqum.SearchField):
            return self._field(item, field, depth)
        if (reason := _UNSUPPORTED.get(type(item))) is not None:
            raise fault(item, reason)
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise fault(item, f"more than {MAX_TERMS} terms")
        if isinstance(item, luqum.Range | luqum.From | luqum.To):
            return _range(item, field)
        return _term(item, field)

    def _field(self, item: luqum.SearchField, outer: str | None, depth: int) -> Node:
        name = re.sub(r"\\(.)", r"\1", item.name)
        if outer is not None:
            raise fault(item, f"a field within the field '{outer}'; put values with ':' in quotes")
        if name == "_exists_":
            return self._exists(item)
        if name == "*" and isinstance(item.expr, luqum.Word) and item.expr.value == "*":
            return Everything()
        if not _FIELD.fullmatch(name):
            raise fault(item, f"'{name[:40]}' is not a field name")
        return self.node(item.expr, name, depth + 1)

    def _exists(self, item: luqum.SearchField) -> Node:
        if not isinstance(item.expr, luqum.Word | luqum.Phrase):
            raise fault(item, "_exists_ takes one field name")
        name = _literal(item.expr)
        if not _FIELD.fullmatch(name):
            raise fault(item, f"'{name[:40]}' is not a field name")
        return Exists(name)


_BRANCHES: dict[type[luqum.Item], Callable[[tuple[Node, ...]], Node]] = {
    luqum.AndOperation: And,
    luqum.UnknownOperation: And,
    luqum.OrOperation: Or,
    luqum.Not: lambda items: Not(items[0]),
    luqum.Prohibit: lambda items: Not(items[0]),
    luqum.Plus: lambda items: items[0],
    luqum.Group: lambda items: items[0],
    luqum.FieldGroup: lambda items: items[0],
}


def _term(item: luqum.Item, field: str | None) -> Node:
    """Return the node for one word, phrase or regular expression."""
    if isinstance(item, luqum.Regex):
        return _regex(item, field)
    if not isinstance(item, luqum.Word | luqum.Phrase):
        raise fault(item, f"'{type(item).__name__}' is not supported")
    pattern = Pattern((_literal(item),)) if isinstance(item, luqum.Phrase) else _pattern(item.value)
    if len(pattern.parts) // 2 > MAX_WILDCARDS:
        raise fault(item, f"more than {MAX_WILDCARDS} wildcards in one term")
    if pattern.parts == ("", ANY, ""):
        return Everything() if field is None else Exists(field)
    if field is None:
        return Free(pattern)
    if (literal := pattern.literal) is None:
        return _in_text(field, pattern)
    found = term(item, field, literal)
    return _in_text(field, pattern) if found is None else found


def _in_text(field: str, pattern: Pattern) -> Node:
    return Contains(field, pattern) if is_prose(field) else Like(field, pattern)


def _regex(item: luqum.Regex, field: str | None) -> Node:
    if field is None:
        raise fault(item, "a regular expression needs a field before it; quote a value that begins with '/'")
    try:
        return Regex(field, regex.parse(item.value[1:-1]))
    except regex.RegexError as error:
        raise fault(item, f"regular expression: {error}", error.place + 1) from error


def _check_slashes(items: Sequence[luqum.Item]) -> None:
    """Refuse `a:/usr/bin`, which would be the expression `usr` and the word `bin`."""
    for before, after in pairwise(items):
        last = before.expr if isinstance(before, luqum.SearchField) else before
        if isinstance(last, luqum.Regex) and not (before.tail or last.tail or after.head):
            raise fault(last, "quote a value that begins with '/'; a regular expression ends with its second '/'")


def _range(item: luqum.Item, field: str | None) -> Node:
    """Return the node for `[a TO b]`, `{a TO b}`, `>a`, `<=a`."""
    if field is None:
        raise fault(item, "a range needs a field before it, as in process.pid:[1 TO 9]")
    low = high = None
    with_low = with_high = True
    if isinstance(item, luqum.Range):
        low, high = _bound(item.low), _bound(item.high)
        with_low, with_high = item.include_low, item.include_high
    elif isinstance(item, luqum.From):
        low, with_low = _bound(item.a), item.include
    else:
        high, with_high = _bound(item.a), item.include
    if low is None and high is None:
        return Exists(field)
    return between(item, field, low, high, with_low=with_low, with_high=with_high)


def _bound(item: luqum.Item) -> str | None:
    """Return the text of a bound, None for `*`."""
    sign = ""
    if isinstance(item, luqum.Prohibit):
        sign, item = "-", item.a
    text = _literal(item)
    return None if text == "*" and not isinstance(item, luqum.Phrase) else sign + text


def _literal(item: luqum.Item) -> str:
    """Return the text of a word or phrase with its escapes undone."""
    text = item.value[1:-1] if isinstance(item, luqum.Phrase) else item.value
    return re.sub(r"\\(.)", r"\1", text, flags=re.DOTALL)


def _pattern(word: str) -> Pattern:
    """Return the pattern in a word, where a backslash makes the next character plain."""
    parts = [""]
    characters = iter(word)
    for character in characters:
        if character == "\\":
            parts[-1] += next(characters, "\\")
        elif character in (ANY, ONE):
            parts += [character, ""]
        else:
            parts[-1] += character
    return Pattern(tuple(parts))
