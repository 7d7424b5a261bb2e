"""One kind of records and the rules that see it: from the values of a record to the rules that hold."""

from collections.abc import Mapping, Sequence
from operator import or_

from msgspec import msgpack

from sentinel.detect.facts import fold, members, telling, text_of
from sentinel.detect.fieldref import refers
from sentinel.detect.index.expression import Expression, Verdict, compiled
from sentinel.detect.index.memory import Memory
from sentinel.detect.index.plan import WORDS, Comparison, Plan
from sentinel.detect.index.slot import Slot, Words
from sentinel.model.record import Value

MAX_VERDICTS = 50_000
"""Sums of bits whose verdict is remembered."""
NAME_BYTES = 100
"""What a name of a shape takes besides its letters."""
MAX_SHAPES = 2_000
"""Sets of names remembered; who sends ever new ones makes all be learnt again."""
_CONDITION = msgpack.Decoder(Expression | None)
NOTHING: tuple[int, ...] = ()


class Shape:
    """What records with the same names are asked: most have few of the fields that rules read."""

    __slots__ = ("base", "reads", "words")

    def __init__(self, slots: Sequence[Slot], words: Sequence[Words], names: tuple[str, ...]) -> None:
        there = frozenset(names)
        self.base = 0
        """Bits of all that they do not have."""
        self.reads: list[tuple[str, Slot]] = []
        """Field, and who judges its values."""
        for slot in slots:
            name = next((name for name in slot.names if name in there), None)
            if name is None:
                self.base |= slot.absent
            else:
                self.reads.append((name, slot))
        self.words = [
            (each, [name for name in each.names[1:] if name in there], telling(names, each.names[1:])) for each in words
        ]
        """Who judges words, the fields they begin with, and all other fields that may have some."""


class Partition:
    """Finds the rules that hold for a record of its kind."""

    __slots__ = ("_comparisons", "_compiled", "_memory", "_shapes", "plan", "slots", "verdicts", "words")

    def __init__(self, plan: Plan, memory: Memory | None = None) -> None:
        self.plan = plan
        self._memory = memory or Memory()
        named = [question for question in plan.questions if question.names[0] != WORDS]
        self.slots = tuple(Slot(question, self._memory) for question in named)
        self._shapes: dict[tuple[str, ...], Shape] = {}
        self.words = [Words(question, self._memory) for question in plan.questions if question.names[0] == WORDS]
        self._comparisons = plan.comparisons
        self._compiled: dict[int, Verdict | None] = {}
        self.verdicts: dict[int, tuple[int, ...]] = {}
        """Sum of bits -> places in `plan.rules`, as far as they were asked; `conclude` finds the others."""
        self._memory.join(self.verdicts.clear)
        self._memory.join(self._shapes.clear)

    def find(self, fields: Mapping[str, Value]) -> tuple[int, ...]:
        """Return the places in `plan.rules` of those that hold for a record."""
        return self.find_all([fields])[0]

    def find_all(self, records: Sequence[Mapping[str, Value]]) -> list[tuple[int, ...]]:
        """Return the same for each of some records; those with the same names are asked name by name, together."""
        found = [NOTHING] * len(records)
        if not self.plan.rules:
            return found
        alike: dict[tuple[str, ...], list[int]] = {}
        for place, fields in enumerate(records):
            alike.setdefault(tuple(fields), []).append(place)
        for names, places in alike.items():
            group = [records[place] for place in places]
            for place, bits in zip(places, self._bits(names, group), strict=True):
                concluded = self.verdicts.get(bits)
                found[place] = self.conclude(bits) if concluded is None else concluded
        return found

    def _bits(self, names: tuple[str, ...], group: Sequence[Mapping[str, Value]]) -> list[int]:
        """Return what holds of records that all have these names, as sums of bits."""
        shape = self._shapes.get(names) or self._shape(names)
        sums = [shape.base] * len(group)
        for name, slot in shape.reads:
            sums = list(map(or_, sums, slot.bits_of_all([fields[name] for fields in group])))
        for words, first, others in shape.words:
            sums = list(map(or_, sums, words.among_all(group, first, others)))
        for comparison in self._comparisons:
            sums = [bits | compared(comparison, fields) for bits, fields in zip(sums, group, strict=True)]
        return sums

    def _shape(self, names: tuple[str, ...]) -> Shape:
        if len(self._shapes) >= MAX_SHAPES:
            self._shapes.clear()
        shape = Shape(self.slots, self.words, names)
        self._memory.take(sum(map(len, names)) + NAME_BYTES * len(names), shape.base)
        self._shapes[names] = shape
        return shape

    def conclude(self, bits: int) -> tuple[int, ...]:
        """Return the places in `plan.rules` of those that hold where `bits` are set, and remember them."""
        plan, watchers = self.plan, self.plan.watchers
        places = set(plan.always)
        rest = bits
        while rest:
            lowest = rest & -rest
            places.update(watchers.get(lowest.bit_length() - 1, ()))
            rest ^= lowest
        found = tuple(place for place in sorted(places) if self._holds(place, bits))
        if len(self.verdicts) >= MAX_VERDICTS:
            self.verdicts.clear()
        self._memory.take(8 * len(found), bits)
        self.verdicts[bits] = found
        return found

    def _holds(self, place: int, bits: int) -> bool:
        if place not in self._compiled:
            condition = _CONDITION.decode(self.plan.rules[place].condition)
            self._compiled[place] = None if condition is None else compiled(condition)
        verdict = self._compiled[place]
        return verdict is None or verdict(bits)


def compared(comparison: Comparison, fields: Mapping[str, Value]) -> int:
    """Return the bit of a comparison of two fields, or 0."""
    texts, others = (_folded(fields, names) for names in (comparison.names, comparison.others))
    return 1 << comparison.bit if refers(comparison.reference, texts, others) else 0


def _folded(fields: Mapping[str, Value], names: Sequence[str]) -> list[str]:
    name = next((name for name in names if name in fields), None)
    return [] if name is None else [fold(text_of(value)) for value in members(fields[name])]
