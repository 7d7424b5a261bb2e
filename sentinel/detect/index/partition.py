"""One kind of records and the rules that see it: from the values of a record to the rules that hold."""

from collections.abc import Mapping, Sequence

from msgspec import msgpack

from sentinel.detect.facts import Facts, fold, members, text_of
from sentinel.detect.fieldref import refers
from sentinel.detect.index.expression import Expression, Verdict, compiled
from sentinel.detect.index.memory import Memory
from sentinel.detect.index.plan import WORDS, Comparison, Plan
from sentinel.detect.index.slot import Slot, Words
from sentinel.model.record import Value

MAX_VERDICTS = 50_000
"""Sums of bits whose verdict is remembered."""
_CONDITION = msgpack.Decoder(Expression | None)
NOTHING: tuple[int, ...] = ()


class Partition:
    """Finds the rules that hold for a record of its kind."""

    __slots__ = ("_chained", "_comparisons", "_compiled", "_memory", "_single", "plan", "slots", "verdicts", "words")

    def __init__(self, plan: Plan, memory: Memory | None = None) -> None:
        self.plan = plan
        self._memory = memory or Memory()
        named = [question for question in plan.questions if question.names[0] != WORDS]
        self.slots = tuple(Slot(question, self._memory) for question in named)
        self._single = [(slot.names[0], slot.known, slot) for slot in self.slots if len(slot.names) == 1]
        self._chained = [slot for slot in self.slots if len(slot.names) > 1]
        self.words = [Words(question, self._memory) for question in plan.questions if question.names[0] == WORDS]
        self._comparisons = plan.comparisons
        self._compiled: dict[int, Verdict | None] = {}
        self.verdicts: dict[int, tuple[int, ...]] = {}
        """Sum of bits -> places in `plan.rules`, as far as they were asked; `conclude` finds the others."""
        self._memory.join(self.verdicts.clear)

    def find(self, fields: Mapping[str, Value]) -> tuple[int, ...]:
        """Return the places in `plan.rules` of those that hold for a record."""
        if not self.plan.rules:
            return NOTHING
        bits = 0
        for name, known, slot in self._single:
            value = fields.get(name)
            if type(value) is str:
                found = known.get(value)
                bits |= slot.learn(value) if found is None else found
            else:
                bits |= slot.bits(value)
        for slot in self._chained:
            bits |= slot.bits(next((fields[name] for name in slot.names if name in fields), None))
        for words in self.words:
            bits |= words.of(Facts(fields).words(words.names[1:]))
        for comparison in self._comparisons:
            bits |= compared(comparison, fields)
        concluded = self.verdicts.get(bits)
        return self.conclude(bits) if concluded is None else concluded

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
