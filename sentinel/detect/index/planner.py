"""Rules become a plan: the items of all rules that see one kind of record, gathered by field."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from msgspec import Raw, msgpack

from sentinel.detect.compile import value_holds
from sentinel.detect.facts import Facts, fold
from sentinel.detect.index import literal
from sentinel.detect.index.expression import Bit, Expression, at_least, bits_of, negation, witnesses
from sentinel.detect.index.plan import CHECK, CONTAINS, ENDS, STARTS, WORDS, Comparison, Plan, Question, Watched
from sentinel.detect.place import Place, Resolver
from sentinel.detect.tree import Group, Item, Negation, Node, Selection
from sentinel.detect.values import Boolean, Exists, Null, Number, Reference, Text, Value
from sentinel.detect.values import Expression as Regex
from sentinel.detect.wildcard import changed, literals
from sentinel.model.record import Scalar

RARE, COMMON = 0, 1_000
"""Ranks of a bit: how likely a record sets it, by what it asks for."""
_FIT_ASCII = frozenset("ſı")
"""Letters that expressions without case take for s and i, and folding does not."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A rule as one log source reads it."""

    rule: int
    source: tuple[int, int]
    condition: Node
    resolve: Resolver
    keywords: tuple[str, ...]


def plan(candidates: Iterable[Candidate], pinned: Mapping[str, Scalar | None]) -> Plan:
    """Return the plan of records whose `pinned` fields are known.

    A pinned None stands for any value that no rule names exactly. Raises InputError for a value nobody can test.
    """
    planner = _Planner(pinned)
    rules: list[tuple[Candidate, Expression | None]] = []
    for candidate in candidates:
        condition = planner.condition(candidate.condition, candidate)
        if condition is not False:
            rules.append((candidate, None if condition is True else condition))
    return planner.finish(rules)


@dataclass(slots=True)
class _Gathered:
    """What rules ask of one field, while it is gathered."""

    names: tuple[str, ...]
    numbers: dict[Value, int] = field(default_factory=dict)
    ranks: list[int] = field(default_factory=list)
    """How common each predicate is, by its number."""
    any_of: list[list[int]] = field(default_factory=list)
    all_of: dict[int, list[tuple[int, tuple[tuple[int, ...], ...]]]] = field(default_factory=dict)
    present: list[int] = field(default_factory=list)
    negated: list[int] = field(default_factory=list)
    absent: list[int] = field(default_factory=list)

    def number(self, value: Value) -> int:
        """Return the number of a predicate, a new one where it was not asked for before."""
        number = self.numbers.setdefault(value, len(self.numbers))
        if number == len(self.any_of):
            self.any_of.append([])
            self.ranks.append(_value_rank(value))
        return number

    def add(self, item: Item, bit: int) -> None:
        """Let `bit` say whether `item` holds."""
        if item.is_negated:
            self.negated.append(bit)
        if _without_value(item) != item.is_negated:
            self.absent.append(bit)
        fixed = [any(map(_is_anything, choice)) for choice in item.values]
        choices = [
            tuple(self.number(value) for value in choice if not isinstance(value, Null | Exists))
            for choice, is_fixed in zip(item.values, fixed, strict=True)
            if not is_fixed
        ]
        if (not choices) if item.needs_all else any(fixed):
            self.present.append(bit)
        elif not item.needs_all or len(choices) == 1:
            for predicate in {each for choice in choices for each in choice}:
                self.any_of[predicate].append(bit)
        elif all(choices):
            rarest = min(choices, key=lambda choice: max(self.ranks[number] for number in choice))
            for predicate in set(rarest):
                self.all_of.setdefault(predicate, []).append((bit, tuple(choices)))

    def question(self) -> Question:
        """Return everything gathered, its literals in order."""
        checked: dict[int, Value] = {}
        exact: dict[str, list[int]] = {}
        needles: dict[str, list[tuple[int, int]]] = {}
        unsure: list[int] = []
        opened: list[int] = []
        for number, value in enumerate(self.numbers):
            kind, text = _hook(value, is_keyword=self.names[0] == WORDS)
            if kind == CHECK:
                checked[number] = value
            if kind is None:
                exact.setdefault(text, []).append(number)
            elif text:
                needles.setdefault(text, []).append((kind, number))
                if isinstance(value, Regex) and "i" in _flags(value):
                    unsure.append(number)
            else:
                opened.append(number)
        return Question(
            self.names,
            checked,
            {text: tuple(numbers) for text, numbers in exact.items()},
            tuple(needles),
            tuple(map(tuple, needles.values())),
            tuple(unsure),
            tuple(opened),
            tuple(map(tuple, self.any_of)),
            {number: tuple(each) for number, each in self.all_of.items()},
            tuple(self.present),
            tuple(self.negated),
            tuple(self.absent),
        )


def _is_anything(value: Value) -> bool:
    """Return whether a value only asks for the field to be there: `exists: true`, or `*`."""
    return (isinstance(value, Exists) and value.is_wanted) or (
        isinstance(value, Text) and set(value.pieces) == {()} and len(value.pieces) > 1
    )


def _is_exact(value: Value) -> bool:
    """Return whether a value fits one text only."""
    return isinstance(value, Number) or (isinstance(value, Text) and len(literals(value.pieces) or ()) == 1)


def _flags(value: Regex) -> str:
    """Return the flags of an expression, written beside it or in it."""
    return value.flags + ("i" if "(?" in value.expression and "i" in value.expression else "")


def _without_value(item: Item) -> bool:
    """Return whether an item holds of a field without a value, before its negation."""
    combine: Callable[[Iterable[bool]], bool] = all if item.needs_all else any
    return combine(
        any(isinstance(value, Null) or (isinstance(value, Exists) and not value.is_wanted) for value in choice)
        for choice in item.values
    )


def _hook(value: Value, *, is_keyword: bool) -> tuple[int | None, str]:
    """Return what a needle says of a value, and the needle: None for an exact text, "" where no needle helps."""
    match value:
        case Number() if not is_keyword:
            return None, value.text
        case Boolean():
            return None, "true" if value.is_true else "false"
        case Number():
            return CONTAINS, value.text
        case Regex():
            needle = literal.of_expression(value)
            return CHECK, needle if _FIT_ASCII.isdisjoint(needle) else ""
        case Text():
            return _text_hook(value, is_keyword=is_keyword)
    return CHECK, ""


def _text_hook(value: Text, *, is_keyword: bool) -> tuple[int | None, str]:
    pieces = ((), *value.pieces, ()) if is_keyword else value.pieces
    if not value.is_cased:
        match literals(changed(pieces, fold)):
            case (whole,):
                return None, whole
            case (needle, "") if needle:
                return STARTS, needle
            case ("", needle) if needle:
                return ENDS, needle
            case ("", needle, "") if needle:
                return CONTAINS, needle
    return CHECK, literal.of_text(value)


class _Planner:
    """Gives every different item a bit."""

    def __init__(self, pinned: Mapping[str, Scalar | None]) -> None:
        self._pinned = pinned
        self._bits: dict[tuple[tuple[str, ...], Item], int] = {}
        self._comparisons: list[Comparison] = []
        self._ranks: dict[int, int] = {}

    def condition(self, node: Node, candidate: Candidate) -> Expression | bool:
        """Return `node` over bits, with what the pinned fields decide already decided."""
        match node:
            case Selection():
                return self.condition(node.part, candidate)
            case Negation():
                return negation(self.condition(node.part, candidate))
            case Group():
                return at_least(node.at_least, [self.condition(part, candidate) for part in node.parts])
        names = (WORDS, *candidate.keywords) if node.field is None else candidate.resolve(node.field)
        decided = self._decided(node, names, candidate.resolve)
        return self._bit(node, names, candidate.resolve) if decided is None else decided

    def _decided(self, item: Item, names: tuple[str, ...], resolve: Resolver) -> bool | None:
        """Return the verdict on an item of a pinned field; None where it depends on the record."""
        values = [value for choice in item.values for value in choice]
        if names[0] not in self._pinned or any(isinstance(value, Reference) for value in values):
            return None
        known = self._pinned[names[0]]
        if known is None:
            return item.is_negated if all(map(_is_exact, values)) else None
        facts, place = Facts({names[0]: known}), Place(names)
        combine: Callable[[Iterable[bool]], bool] = all if item.needs_all else any
        found = combine(any(value_holds(value, facts, place, resolve) for value in choice) for choice in item.values)
        return found != item.is_negated

    def _bit(self, item: Item, names: tuple[str, ...], resolve: Resolver) -> Expression:
        references = [value for choice in item.values for value in choice if isinstance(value, Reference)]
        if references:
            return self._compared(item, names, resolve)
        key = (names, Item(None, item.values, needs_all=item.needs_all, is_negated=item.is_negated))
        bit = self._bits.get(key)
        if bit is None:
            bit = self._bits[key] = self._new_bit(_rank(item))
        return Bit(bit)

    def _compared(self, item: Item, names: tuple[str, ...], resolve: Resolver) -> Expression:
        """Return an item of references: each is a bit of its own, because two fields decide it."""
        choices: list[Expression | bool] = []
        for choice in item.values:
            bits: list[Expression | bool] = []
            for value in choice:
                if isinstance(value, Reference):
                    bit = self._new_bit(COMMON)
                    self._comparisons.append(Comparison(bit, names, resolve(value.field), value))
                    bits.append(Bit(bit))
                else:
                    bits.append(self._bit(Item(item.field, ((value,),)), names, resolve))
            choices.append(at_least(1, bits))
        found = at_least(len(choices) if item.needs_all else 1, choices)
        whole = negation(found) if item.is_negated else found
        assert not isinstance(whole, bool), "bits decide nothing beforehand"
        return whole

    def _new_bit(self, rank: int) -> int:
        bit = len(self._ranks)
        self._ranks[bit] = rank
        return bit

    def finish(self, rules: Sequence[tuple[Candidate, Expression | None]]) -> Plan:
        """Return the plan, without the questions that no rule is left to ask."""
        watchers: dict[int, list[int]] = {}
        always: list[int] = []
        needed: set[int] = set()
        for place, (_, condition) in enumerate(rules):
            watched = None
            if condition is not None:
                needed |= bits_of(condition)
                watched = witnesses(condition, self._ranks)
            if watched is None:
                always.append(place)
            for bit in watched or ():
                watchers.setdefault(bit, []).append(place)
        used: dict[tuple[str, ...], _Gathered] = {}
        for (names, item), bit in self._bits.items():
            if bit in needed:
                used.setdefault(names, _Gathered(names)).add(item, bit)
        return Plan(
            tuple(gathered.question() for gathered in used.values()),
            tuple(each for each in self._comparisons if each.bit in needed),
            tuple(Watched(each.rule, each.source, Raw(msgpack.encode(condition))) for each, condition in rules),
            {bit: tuple(places) for bit, places in watchers.items()},
            tuple(always),
        )


def _rank(item: Item) -> int:
    """Return how common it is that an item holds: a guess, by the shortest literal that would do."""
    if item.is_negated or _without_value(item):
        return COMMON
    ranks = [max(map(_value_rank, choice)) for choice in item.values]
    return min(ranks) if item.needs_all else max(ranks)


def _value_rank(value: Value) -> int:
    kind, text = _hook(value, is_keyword=False)
    if isinstance(value, Exists | Null) or (kind == CHECK and not text):
        return COMMON - 1
    return max(RARE, 100 - 2 * len(text)) // (2 if kind is None else 1)
