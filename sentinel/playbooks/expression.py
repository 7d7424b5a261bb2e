"""Conditions of `if` steps: a tiny grammar with references and literals, parsed once, without any evaluator of code.

either  := both ("or" both)*
both    := denied ("and" denied)*
denied  := "not" denied | compared
compared := value (("==" | "!=" | "<" | ">") value)?
value   := reference | text in quotes | number | true | false | null | "(" either ")"
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from sentinel.errors import InputError
from sentinel.playbooks.kinds import Value
from sentinel.playbooks.reference import REFERENCE, Resolve

MAX_CHARACTERS = 500
MAX_TOKENS = 100
MAX_DEPTH = 10

_TOKEN = re.compile(
    r"\s*(?:(?P<operator>==|!=|<|>|\(|\))"
    r"|(?P<text>'[^']*'|\"[^\"]*\")"
    r"|(?P<number>-?\d{1,18}(?:\.\d{1,18})?(?![\w.]))"
    rf"|(?P<reference>{REFERENCE.pattern})"
    r"|(?P<word>[a-z]+))"
)
_WORDS: dict[str, Value] = {"true": True, "false": False, "null": None}


@dataclass(frozen=True, slots=True)
class Literal:
    """A value written in the condition."""

    value: Value


@dataclass(frozen=True, slots=True)
class Reference:
    """A value taken from an input or an earlier step."""

    name: str


@dataclass(frozen=True, slots=True)
class Compare:
    """Two values compared; values of different kinds are never equal and have no order."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Not:
    """Denial."""

    inner: "Expression"


@dataclass(frozen=True, slots=True)
class Join:
    """`and` or `or` of several."""

    operator: str
    items: tuple["Expression", ...]


Expression = Literal | Reference | Compare | Not | Join
_Rule = Callable[[], Expression]


def parse(text: str) -> Expression:
    """Return the condition in `text`; raise `InputError` naming the place in it."""
    if len(text) > MAX_CHARACTERS:
        raise InputError(f"the condition is longer than {MAX_CHARACTERS} characters")
    return _Parser(text).parse()


def holds(expression: Expression, resolve: Resolve) -> bool:
    """Return whether the condition holds; raise `InputError` where `<` or `>` compares what has no order."""
    match expression:
        case Not(inner):
            return not holds(inner, resolve)
        case Join("and", items):
            return all(holds(item, resolve) for item in items)
        case Join(_, items):
            return any(holds(item, resolve) for item in items)
        case _:
            return bool(_value(expression, resolve))


def names(expression: Expression) -> Iterator[str]:
    """Yield the references in the condition."""
    match expression:
        case Reference(name):
            yield name
        case Not(inner):
            yield from names(inner)
        case Compare(_, left, right):
            yield from names(left)
            yield from names(right)
        case Join(_, items):
            for item in items:
                yield from names(item)


def implied(expression: Expression) -> frozenset[str]:
    """Return the references that are surely true where the condition holds."""
    match expression:
        case Reference(name):
            return frozenset({name})
        case Compare("==", Reference(name), Literal(True)) | Compare("==", Literal(True), Reference(name)):
            return frozenset({name})
        case Join("and", items):
            return frozenset().union(*(implied(item) for item in items))
        case Join(_, items):
            return frozenset.intersection(*(implied(item) for item in items))
        case _:
            return frozenset()


def _value(expression: Expression, resolve: Resolve) -> Value:
    match expression:
        case Literal(value):
            return value
        case Reference(name):
            return resolve(name)
        case Compare(operator, left, right):
            return _compare(operator, _value(left, resolve), _value(right, resolve))
        case _:
            return holds(expression, resolve)


def _compare(operator: str, left: Value, right: Value) -> bool:
    if operator in ("==", "!="):
        same = isinstance(left, bool) == isinstance(right, bool) and left == right
        return same if operator == "==" else not same
    if isinstance(left, str) and isinstance(right, str):
        return left < right if operator == "<" else left > right
    if not _is_number(left) or not _is_number(right):
        raise InputError(f"'{operator}' needs two numbers or two texts, got {_name(left)} and {_name(right)}")
    assert isinstance(left, int | float)
    assert isinstance(right, int | float)
    return left < right if operator == "<" else left > right


def _is_number(value: Value) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _name(value: Value) -> str:
    return "nothing" if value is None else type(value).__name__


class _Parser:
    def __init__(self, text: str) -> None:
        self._text = text
        self._tokens = list(self._scan())
        self._next = 0
        self._depth = 0

    def _scan(self) -> Iterator[tuple[str, str, int]]:
        place = count = 0
        end = len(self._text.rstrip())
        while place < end:
            found = _TOKEN.match(self._text, place)
            count += 1
            if found is None or found.lastgroup is None or count > MAX_TOKENS:
                fault = (
                    "too long" if count > MAX_TOKENS else f"not understood from {self._text[place : place + 20]!r} on"
                )
                raise InputError(f"condition {self._text!r}: {fault}")
            yield found.lastgroup, found[found.lastgroup], found.start(found.lastgroup)
            place = found.end()

    def parse(self) -> Expression:
        expression = self._either()
        if self._next < len(self._tokens):
            raise self._fault("the end")
        return expression

    def _either(self) -> Expression:
        return self._joined("or", lambda: self._joined("and", self._denied))

    def _joined(self, word: str, item: _Rule) -> Expression:
        items = [item()]
        while self._take("word", word):
            items.append(item())
        return items[0] if len(items) == 1 else Join(word, tuple(items))

    def _denied(self) -> Expression:
        if self._take("word", "not"):
            return Not(self._deeper(self._denied))
        left = self._operand()
        for operator in ("==", "!=", "<", ">"):
            if self._take("operator", operator):
                return Compare(operator, left, self._operand())
        return left

    def _operand(self) -> Expression:
        if self._take("operator", "("):
            inner = self._deeper(self._either)
            if not self._take("operator", ")"):
                raise self._fault("')'")
            return inner
        if self._next >= len(self._tokens):
            raise self._fault("a value")
        group, text, _ = self._tokens[self._next]
        self._next += 1
        if group == "reference":
            return Reference(text)
        if group == "text":
            return Literal(text[1:-1])
        if group == "number":
            return Literal(float(text) if "." in text else int(text))
        if group == "word" and text in _WORDS:
            return Literal(_WORDS[text])
        self._next -= 1
        raise self._fault("a reference, a text in quotes, a number, true, false or null")

    def _deeper(self, rule: _Rule) -> Expression:
        self._depth += 1
        if self._depth > MAX_DEPTH:
            raise InputError(f"condition {self._text!r}: nested more than {MAX_DEPTH} deep")
        expression = rule()
        self._depth -= 1
        return expression

    def _take(self, group: str, text: str) -> bool:
        if self._next < len(self._tokens) and self._tokens[self._next][:2] == (group, text):
            self._next += 1
            return True
        return False

    def _fault(self, wanted: str) -> InputError:
        if self._next < len(self._tokens):
            _, text, place = self._tokens[self._next]
            return InputError(f"condition {self._text!r}: expected {wanted} at character {place + 1}, found {text!r}")
        return InputError(f"condition {self._text!r}: expected {wanted} at its end")
