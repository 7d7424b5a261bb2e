r"""Regular expressions of queries: a bounded subset that RE2, Lucene and Python understand alike.

Literals, `.`, classes `[a-z]`, `\d` `\w` `\s`, groups, `|`, and `*` `+` `?` `{m,n}`; an expression is compared with
a whole folded value, so letters stand for both cases and for all their accents. Nothing else is taken.
"""

import unicodedata
from dataclasses import dataclass

from sentinel.store.words import fold

MAX_CHARACTERS = 500
MAX_DEPTH = 10
MAX_REPEATS = 50
"""Of one `{m,n}`."""
MAX_SIZE = 1_000
"""Characters to match once every bounded repeat is written out: what an automaton of it has to hold."""

_SPECIAL = frozenset(".?+*|{}[]()\\")
_QUANTIFIERS = frozenset("?+*{")
_ESCAPED_IN_OUTPUT = frozenset("""!"#$%&'()*+,-./:;<=>?@[\\]^`{|}~""")
_DIGIT, _LETTER = ("0", "9"), ("a", "z")


class RegexError(ValueError):
    """An expression outside the subset; `place` counts its characters from 0."""

    def __init__(self, reason: str, place: int) -> None:
        super().__init__(reason)
        self.place = place


@dataclass(frozen=True, slots=True)
class Literal:
    """Exactly this folded character."""

    character: str


@dataclass(frozen=True, slots=True)
class Characters:
    """One character inside these ranges, both ends included, or outside all of them."""

    ranges: tuple[tuple[str, str], ...]
    is_negated: bool = False


@dataclass(frozen=True, slots=True)
class Sequence:
    """The items one after another."""

    items: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the items."""

    items: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Repeat:
    """The item so often; `high` None is without end."""

    item: "Expression"
    low: int
    high: int | None


Expression = Literal | Characters | Sequence | Choice | Repeat
ANY = Characters((), is_negated=True)
"""What `.` means: any character, a line end too."""
_CLASSES = {
    "d": Characters((_DIGIT,)),
    "w": Characters((_DIGIT, ("_", "_"), _LETTER)),
    "s": Characters(((" ", " "), ("\t", "\t"), ("\n", "\n"), ("\r", "\r"))),
}


def parse(text: str) -> Expression:
    """Return the expression in `text`; raise `RegexError` with the place of what the subset does not have."""
    if len(text) > MAX_CHARACTERS:
        raise RegexError(f"{len(text)} characters, more than the {MAX_CHARACTERS} allowed", 0)
    reader = _Reader(unicodedata.normalize("NFC", text))
    found = reader.choice(0)
    if not reader.is_at_end:
        raise RegexError("a ')' without its '('", reader.place)
    if size(found) > MAX_SIZE:
        raise RegexError(f"its repeats written out are longer than the {MAX_SIZE} characters allowed", 0)
    return found


def size(expression: Expression) -> int:
    """Return how many characters the expression has with every bounded repeat written out."""
    match expression:
        case Sequence(items) | Choice(items):
            return sum(size(item) for item in items)
        case Repeat(item, low, high):
            return size(item) * max(1, low if high is None else high)
        case _:
            return 1


def to_re2(expression: Expression, *, is_word: bool = False) -> str:
    """Return the expression as RE2 and Python have it, without anchors; where it `is_word`, no part matches a space."""
    return _Writer("[^ ]" if is_word else "(?s:.)", " " if is_word else "", both_cases=False).text(expression)


def to_lucene(expression: Expression, *, both_cases: bool = False) -> str:
    """Return the expression as Lucene has it; with `both_cases` it fits ASCII letters that are not folded too."""
    return _Writer(".", "", both_cases=both_cases).text(expression)


class _Reader:
    """Reads one expression from left to right."""

    def __init__(self, text: str) -> None:
        self._text = text
        self.place = 0

    @property
    def is_at_end(self) -> bool:
        return self.place >= len(self._text)

    def _next(self) -> str:
        return self._text[self.place] if not self.is_at_end else ""

    def choice(self, depth: int) -> Expression:
        if depth > MAX_DEPTH:
            raise RegexError(f"groups nested more than {MAX_DEPTH} deep", self.place)
        items = [self._sequence(depth)]
        while self._next() == "|":
            self.place += 1
            items.append(self._sequence(depth))
        return items[0] if len(items) == 1 else Choice(tuple(items))

    def _sequence(self, depth: int) -> Expression:
        items: list[Expression] = []
        while (character := self._next()) and character not in "|)":
            items.append(self._repeated(self._atom(depth)))
        if not items:
            raise RegexError("an empty alternative; name what may be missing with '?'", self.place)
        return items[0] if len(items) == 1 else Sequence(tuple(items))

    def _repeated(self, item: Expression) -> Expression:
        sign = self._next()
        if not sign or sign not in _QUANTIFIERS:
            return item
        start = self.place
        self.place += 1
        low, high = {"?": (0, 1), "*": (0, None), "+": (1, None)}.get(sign) or self._bounds(start)
        if self._next() and self._next() in _QUANTIFIERS:
            raise RegexError("a repeat of a repeat; put the first into a group", self.place)
        return Repeat(item, low, high)

    def _bounds(self, start: int) -> tuple[int, int | None]:
        end = self._text.find("}", start)
        low, comma, high = self._text[start + 1 : end].partition(",") if end > 0 else ("", "", "")
        if not _is_count(low) or (high and not _is_count(high)):
            raise RegexError("a repeat is written {2}, {2,} or {2,5}; a '{' itself as \\{", start)
        bounds = int(low), int(high) if high else (None if comma else int(low))
        if max(bounds[0], bounds[1] or 0) > MAX_REPEATS or (bounds[1] is not None and bounds[1] < max(bounds[0], 1)):
            raise RegexError(f"a repeat goes up, and to {MAX_REPEATS} at most", start)
        self.place = end + 1
        return bounds

    def _atom(self, depth: int) -> Expression:
        character, start = self._next(), self.place
        self.place += 1
        match character:
            case "(":
                return self._group(start, depth)
            case "[":
                return self._class(start)
            case "\\":
                return self._escape(start)
            case ".":
                return ANY
            case "^" | "$":
                raise RegexError(
                    f"'{character}' is not needed, the whole value is compared; itself it is \\{character}", start
                )
            case "]" | "}" | "?" | "*" | "+" | "{":
                raise RegexError(f"'{character}' stands where a character should; itself it is \\{character}", start)
        return _literal(character, start)

    def _group(self, start: int, depth: int) -> Expression:
        if self._next() == "?":
            raise RegexError("groups have no options; write (a|b)", start)
        found = self.choice(depth + 1)
        if self._next() != ")":
            raise RegexError("a '(' without its ')'", start)
        self.place += 1
        return found

    def _escape(self, start: int) -> Expression:
        character = self._next()
        self.place += 1
        if (known := _CLASSES.get(character.lower())) is not None:
            return Characters(known.ranges, is_negated=character.isupper())
        if not character or character.isalnum():
            raise RegexError(f"\\{character} is not known; there are \\d \\w \\s, and a backslash before a sign", start)
        return _literal(character, start)

    def _class(self, start: int) -> Expression:
        is_negated = self._next() == "^"
        self.place += is_negated
        ranges: list[tuple[str, str]] = []
        while (character := self._next()) and character != "]":
            ranges += self._range()
        if not character or not ranges:
            raise RegexError("a class is written [abc], [a-z] or [^0-9]; a '[' itself as \\[", start)
        self.place += 1
        return Characters(tuple(dict.fromkeys(ranges)), is_negated)

    def _range(self) -> list[tuple[str, str]]:
        """Return the ranges that the next part of a class stands for."""
        start = self.place
        low = self._member()
        if isinstance(low, Characters):
            return list(low.ranges)
        if self._next() != "-" or self._text[self.place + 1 : self.place + 2] in ("]", ""):
            return [(low.character, low.character)]
        self.place += 1
        high = self._member()
        first, last = self._text[start], self._text[self.place - 1]
        if isinstance(high, Characters) or _kind(first) != _kind(last) or not _kind(first) or first > last:
            raise RegexError("a range goes up from digit to digit or from letter to letter, as in [0-9a-f]", start)
        return [(low.character, high.character)]

    def _member(self) -> Literal | Characters:
        start, character = self.place, self._next()
        self.place += 1
        if character == "[":
            raise RegexError("a '[' within a class; itself it is \\[", start)
        if character != "\\":
            return _literal(character, start)
        found = self._escape(start)
        if isinstance(found, Characters) and found.is_negated:
            raise RegexError("a class within a class cannot be turned round; write [^0-9] alone", start)
        if not isinstance(found, Literal | Characters):
            raise RegexError("only characters stand in a class", start)
        return found


def _literal(character: str, place: int) -> Literal:
    folded = fold(character)
    if len(folded) != 1:
        raise RegexError("a mark without its letter", place)
    return Literal(folded)


def _kind(character: str) -> str:
    """Return which ranges the character may be an end of: those that mean the same in either case."""
    for name, (low, high) in {"digit": _DIGIT, "small": _LETTER, "large": ("A", "Z")}.items():
        if low <= character <= high:
            return name
    return ""


def _is_count(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 3


class _Writer:
    """Writes an expression in one notation."""

    def __init__(self, anything: str, never: str, *, both_cases: bool) -> None:
        self._anything = anything
        self._never = never
        self._both_cases = both_cases

    def text(self, expression: Expression) -> str:
        match expression:
            case Literal(character):
                return self._literal(character)
            case Characters(ranges, is_negated):
                return self._characters(ranges, is_negated=is_negated)
            case Sequence(items):
                return "".join(self._grouped(item) if isinstance(item, Choice) else self.text(item) for item in items)
            case Choice(items):
                return "|".join(self.text(item) for item in items)
            case Repeat(item, low, high):
                return self._grouped(item) + _repeats(low, high)

    def _grouped(self, item: Expression) -> str:
        is_one = isinstance(item, Literal | Characters)
        return self.text(item) if is_one else f"({self.text(item)})"

    def _literal(self, character: str) -> str:
        if self._both_cases and "a" <= character <= "z":
            return f"[{character}{character.upper()}]"
        return _escaped(character)

    def _characters(self, ranges: tuple[tuple[str, str], ...], *, is_negated: bool) -> str:
        if not ranges:
            return self._anything
        parts = [_span(low, high) for low, high in ranges]
        if self._both_cases:
            parts += [_span(low.upper(), high.upper()) for low, high in ranges if "a" <= low <= "z"]
        return f"[{'^' if is_negated else ''}{''.join(parts)}{self._never if is_negated else ''}]"


def _repeats(low: int, high: int | None) -> str:
    short = {(0, 1): "?", (0, None): "*", (1, None): "+"}.get((low, high))
    if short is not None:
        return short
    return f"{{{low}}}" if low == high else f"{{{low},{'' if high is None else high}}}"


def _span(low: str, high: str) -> str:
    return _escaped(low) if low == high else f"{_escaped(low)}-{_escaped(high)}"


def _escaped(character: str) -> str:
    return f"\\{character}" if character in _ESCAPED_IN_OUTPUT else character
