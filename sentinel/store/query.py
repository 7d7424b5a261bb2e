"""The query language: Lucene syntax, parsed by luqum, becomes a small tree that every backend translates.

Terms beside each other must all hold. A name that ECS does not know is a keyword. Texts are compared without regard
to case and accents; `*` and `?` are wildcards outside quotes; `source.ip:10.0.0.0/8` is a network.
"""

import ipaddress
import re
import threading
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

from luqum import tree as luqum
from luqum.exceptions import ParseError
from luqum.parser import parser

from sentinel.errors import InputError
from sentinel.model.ecs import type_of
from sentinel.model.moment import to_text
from sentinel.store.tree import (
    ANY,
    ONE,
    And,
    Between,
    Contains,
    Everything,
    Exists,
    Free,
    Like,
    Node,
    Not,
    Or,
    Pattern,
    Within,
)

MAX_CHARACTERS = 10_000
MAX_DEPTH = 20
MAX_TERMS = 500
MAX_REASON_CHARACTERS = 200
FIRST_YEAR = 1000
"""Earlier years have no fixed width as text."""

_PARSING = threading.Lock()  # luqum's lexer is one object for the whole process.
_FIELD = re.compile(r"@?[A-Za-z_][\w.@-]{0,255}", re.ASCII)
_PARTIAL_DATE = re.compile(r"(\d{4})(?:-(\d\d)(?:-(\d\d))?)?", re.ASCII)
_UNSUPPORTED = {
    luqum.Regex: "regular expressions are not supported; quote a value that begins with '/'",
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
            raise _fault(item, f"nested more than {MAX_DEPTH} levels deep")
        if (branch := _BRANCHES.get(type(item))) is not None:
            return branch(tuple(self.node(child, field, depth + 1) for child in item.children))
        if isinstance(item, luqum.SearchField):
            return self._field(item, field, depth)
        if (reason := _UNSUPPORTED.get(type(item))) is not None:
            raise _fault(item, reason)
        self._terms += 1
        if self._terms > MAX_TERMS:
            raise _fault(item, f"more than {MAX_TERMS} terms")
        if isinstance(item, luqum.Range | luqum.From | luqum.To):
            return _range(item, field)
        return _term(item, field)

    def _field(self, item: luqum.SearchField, outer: str | None, depth: int) -> Node:
        name = re.sub(r"\\(.)", r"\1", item.name)
        if outer is not None:
            raise _fault(item, f"a field within the field '{outer}'; put values with ':' in quotes")
        if name == "_exists_":
            return self._exists(item)
        if name == "*" and isinstance(item.expr, luqum.Word) and item.expr.value == "*":
            return Everything()
        if not _FIELD.fullmatch(name):
            raise _fault(item, f"'{name[:40]}' is not a field name")
        return self.node(item.expr, name, depth + 1)

    def _exists(self, item: luqum.SearchField) -> Node:
        if not isinstance(item.expr, luqum.Word | luqum.Phrase):
            raise _fault(item, "_exists_ takes one field name")
        name = _literal(item.expr)
        if not _FIELD.fullmatch(name):
            raise _fault(item, f"'{name[:40]}' is not a field name")
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
    """Return the node for one word or phrase."""
    if not isinstance(item, luqum.Word | luqum.Phrase):
        raise _fault(item, f"'{type(item).__name__}' is not supported")
    pattern = Pattern((_literal(item),)) if isinstance(item, luqum.Phrase) else _pattern(item.value)
    if field is None:
        return Free(pattern)
    if pattern.parts == ("", ANY, ""):
        return Exists(field)
    if (literal := pattern.literal) is None:
        return _in_text(field, pattern)
    if (read := _LITERALS.get(type_of(field) or "")) is not None:
        return read(item, field, literal)
    return _in_text(field, pattern)


def _in_text(field: str, pattern: Pattern) -> Node:
    is_prose = type_of(field) == "text" or field == "event.original"
    return Contains(field, pattern) if is_prose else Like(field, pattern)


def _number_term(item: luqum.Item, field: str, text: str) -> Node:
    number = _number(item, field, text)
    return Between(field, number, number, with_low=True, with_high=True)


def _date_term(item: luqum.Item, field: str, text: str) -> Node:
    start, end = _moments(item, field, text)
    return Between(field, start, end, with_low=True, with_high=start == end)


def _boolean_term(item: luqum.Item, field: str, text: str) -> Node:
    if text not in ("true", "false"):
        raise _fault(item, f"{field} is true or false, not '{text[:40]}'")
    return Like(field, Pattern((text,)))


def _address_term(item: luqum.Item, field: str, text: str) -> Node:
    try:
        if "/" not in text:
            return Like(field, Pattern((str(ipaddress.ip_address(text)),)))
        network = ipaddress.ip_network(text, strict=False)
    except ValueError as error:
        raise _fault(item, f"{field} holds addresses; '{text[:60]}' is neither an address nor a network") from error
    return Within(field, str(network.network_address), str(network.broadcast_address))


_LITERALS: dict[str, Callable[[luqum.Item, str, str], Node]] = {
    "long": _number_term,
    "float": _number_term,
    "date": _date_term,
    "boolean": _boolean_term,
    "ip": _address_term,
}


def _range(item: luqum.Item, field: str | None) -> Node:
    """Return the node for `[a TO b]`, `{a TO b}`, `>a`, `<=a`."""
    if field is None:
        raise _fault(item, "a range needs a field before it, as in process.pid:[1 TO 9]")
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
    return _between(item, field, low, high, with_low=with_low, with_high=with_high)


def _between(
    item: luqum.Item, field: str, low: str | None, high: str | None, *, with_low: bool, with_high: bool
) -> Node:
    kind = type_of(field)
    if kind == "date":
        return _dates(item, field, low, high, with_low=with_low, with_high=with_high)
    bounds = [text for text in (low, high) if text is not None]
    if kind in ("long", "float") or (kind in (None, "keyword") and all(map(_is_number, bounds))):
        numbers = [None if text is None else _number(item, field, text) for text in (low, high)]
        return Between(field, numbers[0], numbers[1], with_low=with_low, with_high=with_high)
    if kind == "ip":
        return _addresses(item, field, low, high, with_low=with_low, with_high=with_high)
    return Between(field, low, high, with_low=with_low, with_high=with_high)


def _dates(item: luqum.Item, field: str, low: str | None, high: str | None, *, with_low: bool, with_high: bool) -> Node:
    """Return the range; a bound that names a whole day or year means its first or its last moment, as it must."""
    first = last = None
    if low is not None:
        start, end = _moments(item, field, low)
        # Everything after a whole day begins with the next one.
        first, with_low = (start, True) if with_low else (end, end != start)
    if high is not None:
        start, end = _moments(item, field, high)
        last, with_high = (end, start == end) if with_high else (start, False)
    return Between(field, first, last, with_low=with_low, with_high=with_high)


def _addresses(
    item: luqum.Item, field: str, low: str | None, high: str | None, *, with_low: bool, with_high: bool
) -> Node:
    if low is None or high is None or not (with_low and with_high):
        raise _fault(item, f"{field} holds addresses; give both ends, as in [10.0.0.1 TO 10.0.0.9], or a network")
    try:
        first, last = ipaddress.ip_address(low), ipaddress.ip_address(high)
    except ValueError as error:
        raise _fault(item, f"{field} holds addresses; {error}") from error
    if first.version != last.version:
        raise _fault(item, f"{field}: both ends must be of one IP version")
    return Within(field, str(first), str(last))


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


def _is_number(text: str) -> bool:
    return re.fullmatch(r"-?\d{1,300}(\.\d{1,300})?", text, re.ASCII) is not None


def _number(item: luqum.Item, field: str, text: str) -> int | float:
    if not _is_number(text):
        raise _fault(item, f"{field} holds numbers, '{text[:40]}' is none")
    number = float(text)
    if not -9.2e18 < number < 9.2e18:
        raise _fault(item, f"{field}: {text[:40]} is beyond every number stored")
    return number if "." in text else int(text)


def _moments(item: luqum.Item, field: str, text: str) -> tuple[str, str]:
    """Return the first moment of the time named and that of the next one; both are equal for an exact time."""
    try:
        if (partial := _PARTIAL_DATE.fullmatch(text)) is not None:
            start, end = _whole(*(int(part) if part else None for part in partial.groups()))
        else:
            start = end = datetime.fromisoformat(text)
        return _time_text(start), _time_text(end)
    except (ValueError, OverflowError) as error:
        reason = f"{field} holds times, '{text[:40]}' is none; write 2026-11-23 or 2026-11-23T08:00:00Z"
        raise _fault(item, reason) from error


def _time_text(moment: datetime) -> str:
    if moment.year < FIRST_YEAR:
        raise ValueError(f"before {FIRST_YEAR}")
    return to_text(moment if moment.tzinfo else moment.replace(tzinfo=UTC))


def _whole(year: int | None, month: int | None, day: int | None) -> tuple[datetime, datetime]:
    start = datetime(year or 1, month or 1, day or 1, tzinfo=UTC)
    if day is not None:
        end = start + timedelta(days=1)
    elif month is not None:
        end = (start + timedelta(days=32)).replace(day=1)
    else:
        end = start.replace(year=start.year + 1)
    return start, end


def _fault(item: luqum.Item, reason: str) -> InputError:
    place = getattr(item, "pos", None)
    return InputError(f"query, character {place + 1}: {reason}" if place is not None else f"query: {reason}")
