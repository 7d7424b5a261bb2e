"""What one field says of the rules, as bits; each value is judged once and remembered."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from hashlib import blake2b
from itertools import chain
from typing import Any, TypeAlias, cast

import ahocorasick_rs
from msgspec import msgpack

from sentinel.detect.check import Reads
from sentinel.detect.facts import MAX_WORDS, Facts, fold, members, text_of
from sentinel.detect.index.memory import Memory
from sentinel.detect.index.plan import CHECK, CONTAINS, ENDS, STARTS, WORDS, Question
from sentinel.detect.predicates import check_of
from sentinel.model.record import Scalar, Value

MAX_REMEMBERED = 40_000
"""Values of one field; when so many are known, all are forgotten and learnt again."""
MAX_CHEAP = 2_000
"""Likewise where rules only ask whether it is one of some texts: then it stays at that."""
MAX_REMEMBERED_CHARACTERS = 2_000
"""Longer values hardly ever come twice."""
MAX_REMEMBERED_NUMBER = 2**64
"""Beyond it, in either direction, are no counts, sizes, ports or ids."""
MAX_ALL_CHARACTERS = 8_000_000
"""Characters of all the values of one field, and of their lines, together."""
MAX_TABLE_BYTES = 1_500
"""Needles of at most so many bytes get a table for every state: a third faster, and some hundred times their size."""
LONG = 1_000
"""From so many characters on, the lines of a text are remembered rather than the text."""
WINDOW = 65_536
"""Longer texts are searched piece by piece, so that what is found in one stays within bounds."""


Checked: TypeAlias = tuple[int, int, Callable[[Any], bool]]
"""A predicate, which form of a value it reads, and whether it holds for that."""
_FORMS = (Reads.FOLDED, Reads.TEXT, Reads.SCALAR)
NOTHING: frozenset[int] = frozenset()
_NOTHING_AT_ALL = {NOTHING}
_TEXTS = {str}
_WORDED = {str, list}


class Slot:
    """Judges the values of one field."""

    __slots__ = (
        "_all_of",
        "_automaton",
        "_by_needles",
        "_characters",
        "_checks",
        "_is_by_lines",
        "_is_cheap",
        "_lines",
        "_longest",
        "_masks",
        "_memory",
        "_negated",
        "_numbers",
        "_open",
        "_positional",
        "_present",
        "_taken",
        "absent",
        "known",
        "names",
        "question",
        "untouched",
    )

    def __init__(self, question: Question, memory: Memory | None = None) -> None:
        self.question = question
        self.names = question.names
        self._memory = memory or Memory()
        self._memory.join(self.forget)
        self._taken = 0
        self._automaton: ahocorasick_rs.BytesAhoCorasick | None = None
        self._longest = 0
        self._is_by_lines = bool(question.needles) and not (
            question.open or any("\n" in each for each in question.needles)
        )
        self._lines: dict[str, frozenset[int]] = {}
        self._by_needles: dict[frozenset[int], int] = {}
        self._positional = frozenset(
            needle for needle, hooks in enumerate(question.hooks) if any(kind != CONTAINS for kind, _ in hooks)
        )
        self._numbers: dict[int, int] = {}
        self._characters = 0
        self._checks: dict[int, Checked] = {}
        self._open: list[Checked] | None = None
        self._masks: dict[int, int] = {}
        self._present = mask_of(question.present)
        self._negated = mask_of(question.negated)
        self._all_of = question.all_of
        self.absent = mask_of(question.absent)
        """Bits where the field has no value."""
        self.untouched = self._sum(set())
        """Bits where it has a value in which nothing is found."""
        self._is_cheap = not (question.needles or question.open)
        self.known: dict[object, int] = {None: self.absent}
        """Text -> bits, for the texts met so far; may be asked directly, but only `learn` adds to it."""

    def bits(self, value: Value | None) -> int:
        """Return the bits of a value of a record: a scalar, a list of which any member counts, or nothing."""
        if type(value) is str:
            known = self.known.get(value)
            return self.learn(value) if known is None else known
        if value is None or value == []:
            return self.absent
        if type(value) is int:
            known = self._numbers.get(value)
            return self._learn_number(value) if known is None else known
        if isinstance(value, list):
            if len(value) == 1:
                return self.bits(value[0])
            return self._sum({predicate for member in value for predicate in self._found(member)})
        return self._sum(self._found(value))

    def bits_of_all(self, values: Sequence[Value]) -> list[int]:
        """Return the bits of each of some values, at least one; those that are known are looked up in one go."""
        bits, known = self.bits, self.known.get
        if type(values[0]) is not str:
            return [bits(value) for value in values]
        try:
            found = list(map(known, values))
        except TypeError:  # One is a list.
            return [bits(value) for value in values]
        return [bits(value) if each is None else each for value, each in zip(values, found, strict=True)]

    def learn(self, text: str) -> int:
        """Return the bits of a text, and remember them."""
        bits = self._bits_of(text)
        if len(text) <= MAX_REMEMBERED_CHARACTERS and self._is_worth_it(len(self.known)):
            self._make_room(len(text), bits, len(self.known))
            self.known[text] = bits
        return bits

    def _learn_number(self, number: int) -> int:
        """Return the bits of a number, and remember them; true is none, though it is equal to 1."""
        if not -MAX_REMEMBERED_NUMBER <= number <= MAX_REMEMBERED_NUMBER:
            return self._sum(self._found(number))
        bits = self.untouched if self._holds_nothing(str(number)) else self._sum(self._found(number))
        if self._is_worth_it(len(self._numbers)):
            self._make_room(0, bits, len(self._numbers))
            self._numbers[number] = bits
        return bits

    def _is_worth_it(self, count: int) -> bool:
        """Return whether to remember one more beside `count`: whether a text is one of some is soon found out again."""
        return count < MAX_CHEAP or not self._is_cheap

    def forget(self) -> None:
        """Forget every value."""
        self.known.clear()
        self._numbers.clear()
        self.known[None] = self.absent
        self._lines.clear()
        self._by_needles.clear()
        self._characters = self._taken = 0

    def _make_room(self, length: int, bits: int, count: int) -> None:
        """Count an entry beside `count` others, and forget all of them first where they are too many."""
        if count > MAX_REMEMBERED or self._characters + length > MAX_ALL_CHARACTERS:
            self._memory.used -= self._taken
            self.forget()
        size = self._memory.take(length, bits)
        self._taken += size
        self._characters += length

    def _found(self, value: Scalar) -> set[int]:
        """Return the predicates that hold for one value."""
        question = self.question
        text = text_of(value)
        folded = fold(text)
        found = set(question.exact.get(folded, ()))
        to_check = self._hooked(folded, found) if question.needles else ()
        if question.open or to_check:
            forms = (folded, text, value)
            if self._open is None:
                self._open = [self._checked(predicate) for predicate in question.open]
            for predicate, form, holds in chain(self._open, map(self._checked, to_check)):
                if holds(forms[form]):
                    found.add(predicate)
        return found

    def _hooked(self, folded: str, found: set[int]) -> set[int]:
        """Add the predicates that hold where a needle is found in a text; return those to check for themselves."""
        question, to_check = self.question, set[int]()
        raw = folded.encode()
        end_of_text = len(raw)
        for needle, start, end in self._needles(raw):
            for kind, predicate in question.hooks[needle]:
                if kind == CONTAINS or (kind == STARTS and start == 0) or (kind == ENDS and end == end_of_text):
                    found.add(predicate)
                elif kind == CHECK:
                    to_check.add(predicate)
        if question.unsure and not folded.isascii():
            to_check.update(question.unsure)
        return to_check

    def _checked(self, predicate: int) -> Checked:
        """Return how a predicate is checked."""
        known = self._checks.get(predicate)
        if known is None:
            check = check_of(self.question.values[predicate], self.question.names[0] == WORDS)
            known = self._checks[predicate] = (predicate, _FORMS.index(check.reads), check.holds)
        return known

    def _holds_nothing(self, text: str) -> bool:
        """Return whether certainly nothing is found in a text: the fast way for most, which come only once."""
        question = self.question
        if question.open or not text.isascii() or len(text) > WINDOW:
            return False
        folded = text.lower()
        return folded not in question.exact and not (question.needles and self._needles(folded.encode()))

    def _bits_of(self, text: str) -> int:
        """Return the bits of a text; of a long one its lines are remembered, because they come again elsewhere."""
        question = self.question
        if len(text) < LONG and self._holds_nothing(text):
            return self.untouched
        if len(text) < LONG or not self._is_by_lines or not text.isascii():
            return self._sum(self._found(text))
        found: set[int] = set()
        for line in text.split("\n"):
            in_line = self._lines.get(line)
            if in_line is None:
                in_line = self._learn_line(line)
            if in_line:
                found |= in_line
        if not self._positional.isdisjoint(found) or (question.exact and text.lower() in question.exact):
            return self._sum(self._found(text))
        key = frozenset(found)
        bits = self._by_needles.get(key)
        if bits is None:
            bits = self._sum({predicate for needle in found for _, predicate in question.hooks[needle]})
            self._make_room(len(key), bits, len(self._by_needles))
            self._by_needles[key] = bits
        return bits

    def _learn_line(self, line: str) -> frozenset[int]:
        found = frozenset([needle for needle, _, _ in self._needles(line.lower().encode())])
        if len(line) <= MAX_REMEMBERED_CHARACTERS:
            self._make_room(len(line), 0, len(self._lines))
            self._lines[line] = found
        return found

    def _needles(self, raw: bytes) -> Iterable[tuple[int, int, int]]:
        """Return (needle, start, end) of everything the automaton finds in the bytes of a folded text."""
        if self._automaton is None:
            needles = [needle.encode("utf-8", "surrogatepass") for needle in self.question.needles]
            is_small = sum(map(len, needles)) <= MAX_TABLE_BYTES
            kind = ahocorasick_rs.Implementation.DFA if is_small else None
            self._automaton = ahocorasick_rs.BytesAhoCorasick(needles, implementation=kind)
            self._longest = max(map(len, needles))
        if len(raw) <= WINDOW:
            return self._automaton.find_matches_as_indexes(raw, overlapping=True)
        return self._in_windows(raw, self._automaton)

    def _in_windows(self, raw: bytes, automaton: ahocorasick_rs.BytesAhoCorasick) -> Iterable[tuple[int, int, int]]:
        """Search a long text in windows that overlap by the longest needle; each find is given once or twice."""
        found: set[tuple[int, int, int]] = set()
        length = len(raw)
        for begin in range(0, length, WINDOW):
            window = raw[begin : begin + WINDOW + self._longest]
            for needle, start, end in automaton.find_matches_as_indexes(window, overlapping=True):
                # Where a needle lies matters at the ends of the text only.
                at = start + begin
                found.add((needle, 0 if at == 0 else 1, length if end + begin == length else -1))
        return found

    def _sum(self, found: set[int]) -> int:
        """Return the bits that follow from the predicates that hold."""
        bits = self._present
        masks = self._masks
        for predicate in found:
            mask = masks.get(predicate)
            if mask is None:
                mask = masks[predicate] = mask_of(self.question.any_of[predicate])
            bits |= mask
        if self._all_of:
            for predicate in found & self._all_of.keys():
                for bit, choices in self._all_of[predicate]:
                    if all(not found.isdisjoint(choice) for choice in choices):
                        bits |= 1 << bit
        return bits ^ self._negated


class Words(Slot):
    """Judges the words of records: any of them counts."""

    __slots__ = ("_finder", "_holding")

    def __init__(self, question: Question, memory: Memory | None = None) -> None:
        self._holding: dict[str, frozenset[int]] = {}
        super().__init__(question, memory)
        self._finder = self._memory.share(_sought(question), self)
        """Most kinds of records are asked for the same words: one looks for them, for all."""
        self._holding = self._finder._holding

    def forget(self) -> None:
        """Forget every word."""
        super().forget()
        self._holding.clear()

    def among_all(self, group: Sequence[Mapping[str, Value]], first: Sequence[str], others: Sequence[str]) -> list[int]:
        """Return the bits of all the words of each record together, as `Facts.words` says what these are.

        `first` are the fields they begin with, `others` those that may have some; every record has all of both.
        """
        found: list[set[int]] = [set() for _ in group]
        counts = [0] * len(group)
        each_has = sum(self._look([fields[name] for fields in group], counts, found) for name in others)
        for place, fields in enumerate(group if first else ()):
            for name in first:
                there = members(fields[name])
                counts[place] += len(there)
                found[place].update(*map(self._holding_of, there))
        counts = [each_has + count for count in counts]
        for place, count in enumerate(counts):
            if count > MAX_WORDS:
                words = Facts(group[place]).words(self.names[1:])
                found[place] = set().union(*map(self._holding_of, words))
        return [
            self._sum(each) if each else self.untouched if count else self.absent
            for each, count in zip(found, counts, strict=True)
        ]

    def _look(self, values: Sequence[Value], counts: list[int], found: list[set[int]]) -> int:
        """Add what holds for the words in one field of several records; return how many words each has there.

        Where some have more than others, all are added to `counts`.
        """
        kinds = set(map(type, values))
        if kinds == _TEXTS:
            texts = cast(Sequence[str], values)
            known = list(map(self._holding.get, texts))
            if set(known) != _NOTHING_AT_ALL:
                for place, holding in enumerate(known):
                    if holding is not NOTHING:
                        found[place] |= self._holding_of(texts[place]) if holding is None else holding
            return 1
        if not kinds.isdisjoint(_WORDED):
            for place, value in enumerate(values):
                there = members(value)
                if there and type(there[0]) is str:
                    counts[place] += len(there)
                    found[place].update(*map(self._holding_of, there))
        return 0

    def _holding_of(self, word: Scalar) -> frozenset[int]:
        text = word if type(word) is str else text_of(word)
        holding = self._holding.get(text)
        return self._finder._learn_word(text) if holding is None else holding

    def _learn_word(self, word: str) -> frozenset[int]:
        """Return what holds for a word as the record has it, and remember that."""
        holding = NOTHING if self._holds_nothing(word) else frozenset(self._found(word))
        if len(word) <= MAX_REMEMBERED_CHARACTERS:
            self._make_room(len(word), 0, len(self._holding))
            self._holding[word] = holding
        return holding


def _sought(question: Question) -> bytes:
    """Return what is looked for in a word, as a name of it: what follows from a find is not part of it."""
    sought = (question.needles, question.hooks, question.exact, question.unsure, question.open, question.values)
    return blake2b(msgpack.encode(sought), digest_size=32).digest()


def mask_of(bits: Iterable[int]) -> int:
    """Return the sum of `bits`."""
    mask = 0
    for bit in bits:
        mask |= 1 << bit
    return mask
