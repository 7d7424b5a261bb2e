"""Sifts raw Windows events: tells which lines of a file need a closer look, without making records of the others.

A line that falls through certainly fires no rule. Every other line, and every one that is in any way unusual, goes the
ordinary way (normalise, then detect), so what is found, and shown, is the same with and without the sieve.
"""

from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter

import ahocorasick_rs
import orjson

from sentinel.detect.facts import fold, text_of
from sentinel.detect.index.partition import Partition
from sentinel.detect.index.plan import Question
from sentinel.detect.index.slot import Slot
from sentinel.detect.routing import Router
from sentinel.event import MAX_RAW_CHARACTERS
from sentinel.model.record import Value
from sentinel.normalise.decode import plain
from sentinel.normalise.values import address
from sentinel.normalise.windows.spelling import EVENT_ID, Spelling, level, spelling

MAX_SHAPES = 20_000
"""Sets of names remembered; who sends ever new ones goes the ordinary way."""
MAX_NAMES = 200_000
"""Names in all of these sets together."""
MAX_FITS = 2_000
"""Kinds of events remembered with each."""
MIN_RUN = 3
"""Shorter runs of letters are in every line."""
_ESCAPES = (b"\\u00", b"\\u0130", b"\\u0307", b"\\u037e", b"\\u1fef", b"\\u212a")
"""Escapes in JSON of ASCII, and of all else that folding or composing makes ASCII of, such as the Kelvin sign."""
_IN_NUMBERS = frozenset("0123456789abcdef.:+-")
"""Of what a record's texts of numbers and addresses consist, which JSON may write in other ways."""
_MAX_ADDRESS = 64
_WHOLE = frozenset({int, str})
"""Types an event id may have; as keys of a dictionary, 1.0 and true are the same as 1."""
_TEXT = frozenset({str, type(None)})
_LEFTMOST = ahocorasick_rs.MatchKind.LeftmostFirst
"""The kind of search that has fast prefilters."""
_TURNS_ASCII = ahocorasick_rs.BytesAhoCorasick(
    [letter.encode() for letter in "\u0130\u0307\u037e\u1fef\u212a"], matchkind=_LEFTMOST
)
"""Letters that folding or composing turns into ASCII, alone or together with one that is."""
Row = Mapping[str, object]
Interpret = Callable[[bytes], Mapping[str, Value] | None]
"""The ordinary way: a raw line to the fields of its record; None where it is no event."""


class Gate:
    """Says whether words that keywords ask for may be in raw JSON."""

    def __init__(self, needles: frozenset[str]) -> None:
        self.size = len(needles)
        runs = sorted({_plain_run(needle) for needle in needles})
        self._is_open = any(len(run) < MIN_RUN or _IN_NUMBERS.issuperset(run) for run in runs)
        patterns = [*(run.encode() for run in runs if run), *_ESCAPES]
        self._in_bytes = ahocorasick_rs.BytesAhoCorasick(patterns, matchkind=_LEFTMOST)
        self._in_text = ahocorasick_rs.AhoCorasick(sorted(needles), matchkind=_LEFTMOST)

    def lets(self, raw: bytes) -> bool:
        """Return whether a word may be in ASCII letters of `raw`; False is certain."""
        return self._is_open or bool(self._in_bytes.find_matches_as_indexes(raw.lower()))

    def lets_row(self, row: Row) -> bool:
        """Return whether a word is in a text of the event `row`, or may be in one that lies deeper."""
        texts: list[str] = []
        for value in row.values():
            for member in value if isinstance(value, list) else (value,):
                if isinstance(member, list | dict):
                    return True
                texts += _written(member)
        return bool(self._in_text.find_matches_as_indexes(fold(text_of("\0".join(texts)))))


def _written(value: object) -> list[str]:
    """Return the texts that a record has for a value in JSON that is no list or object."""
    text = plain(value)
    if text is None:
        return []
    short = address(text) if ":" in text and len(text) <= _MAX_ADDRESS else None
    return [text] if short is None else [text, short]


def _plain_run(needle: str) -> str:
    """Return the longest part of a needle that JSON writes as it is."""
    best = run = ""
    for letter in needle:
        run = run + letter if letter.isascii() and letter.isprintable() and letter not in '"\\/' else ""
        best = max(best, run, key=len)
    return best


class Fit:
    """How events of one kind, spelled in one way, answer the questions of their partition."""

    __slots__ = ("base", "gate", "partition", "reads", "verdicts")

    def __init__(self, partition: Partition, reads: Sequence[tuple[str, Slot]], base: int, gate: Gate | None) -> None:
        self.partition = partition
        self.verdicts = partition.verdicts
        self.reads = [(name, slot.known, slot) for name, slot in reads]
        """Name in the event, bits by value, and who learns new values."""
        self.base = base
        """Bits that all of them have."""
        self.gate = gate
        """Where set, words have to be looked for."""


class Shape:
    """All events with the same names."""

    __slots__ = ("decide", "fits", "refused", "spelled", "texts")

    def __init__(self, spelled: Spelling, deciding: Sequence[str]) -> None:
        self.spelled = spelled
        names = sorted({place for field in deciding for place in spelled.of(field) or ()})
        self.decide = itemgetter(names[0], *names)  # two at least, so that it always gives a tuple
        self.texts = [name for name in names if name not in ("EventID", EVENT_ID)]
        """Names of what decides besides the event id."""
        self.fits: dict[object, Fit] = {}
        self.refused: set[object] = set()
        """Kinds of events that always go the ordinary way."""


class Sieve:
    """Sifts lines of JSON for the rules of a router."""

    def __init__(self, router: Router, interpret: Interpret) -> None:
        self._router = router
        self._interpret = interpret
        self._deciding = sorted(router.deciding("windows."))
        self._shapes: dict[tuple[str, ...], Shape] = {}
        self._spelled: dict[frozenset[str], Shape] = {}
        """Shapes again, whatever the order of the names."""
        self._names = 0
        self._gates: dict[frozenset[str], Gate] = {}
        self._common: Gate | None = None
        """The gate that is asked once for many lines: the one with the fewest words."""

    def sift(self, block: bytes) -> tuple[int, list[tuple[int, bytes]]]:
        """Return how many lines `block` has, and those that need a closer look, each with its place from 0."""
        loads, shapes, whole, common = orjson.loads, self._shapes, _WHOLE, self._common
        is_suspect = common is None or common.lets(block)
        is_long = len(block) > MAX_RAW_CHARACTERS
        lines = block.split(b"\n")
        kept: list[tuple[int, bytes]] = []
        for place, line in enumerate(lines):
            row = None
            try:
                row = loads(line)
                if type(row["EventID"]) not in whole or (is_long and len(line) > MAX_RAW_CHARACTERS):
                    kept.append((place, line))
                    continue
                shape = shapes[tuple(row)]
                fit = shape.fits[shape.decide(row)]
                bits = fit.base
                for name, known, slot in fit.reads:
                    value = row[name]
                    found = known.get(value)
                    bits |= _learnt(slot, value) if found is None else found
                verdict = fit.verdicts.get(bits)
                if verdict is None:
                    verdict = fit.partition.conclude(bits)
                gate = fit.gate
                if verdict or (gate and _may_hold_word(gate, line, row, is_suspect or gate is not common)):
                    kept.append((place, line))
            except (KeyError, TypeError, ValueError):
                # A shape or a kind of event met for the first time, or a line that is unusual in any way.
                if self._needs_look(line, row):
                    kept.append((place, line))
        return len(lines), kept

    def _needs_look(self, line: bytes, row: object) -> bool:
        """Get to know a line's shape and kind, and return whether the line itself needs a closer look."""
        if type(row) is dict and "EventID" not in row:
            row = level(row)
        if type(row) is not dict or type(row.get("EventID", row.get(EVENT_ID))) not in _WHOLE:
            return True
        if len(line) > MAX_RAW_CHARACTERS:
            return True
        fit = self._fit(row, line)
        if fit is None:
            return True
        bits = fit.base
        for name, known, slot in fit.reads:
            value = row[name]
            if isinstance(value, list | dict | float | bool):
                return True
            found = known.get(value)
            bits |= _learnt(slot, value) if found is None else found
        verdict = fit.verdicts.get(bits)
        if fit.partition.conclude(bits) if verdict is None else verdict:
            return True
        return fit.gate is not None and _may_hold_word(fit.gate, line, row, True)

    def _fit(self, row: Row, line: bytes) -> Fit | None:
        """Return how an event answers; None where it has to go the ordinary way."""
        names = tuple(row)
        shape = self._shapes.get(names) or self._shape(names)
        if shape is None:
            return None
        if any(type(row[name]) not in _TEXT for name in shape.texts):
            return None
        key = shape.decide(row)
        fit = shape.fits.get(key)
        if fit is None and key not in shape.refused and len(shape.fits) + len(shape.refused) < MAX_FITS:
            fit = self._new_fit(shape, line)
            if fit is None:
                shape.refused.add(key)
            else:
                shape.fits[key] = fit
        return fit

    def _shape(self, names: tuple[str, ...]) -> Shape | None:
        if len(self._shapes) >= MAX_SHAPES or self._names + len(names) > MAX_NAMES:
            return None
        shape = self._spelled.get(frozenset(names))
        if shape is None:
            spelled = spelling(names)
            if spelled is None:
                return None
            shape = self._spelled[frozenset(names)] = Shape(spelled, self._deciding)
        self._shapes[names] = shape
        self._names += len(names)
        return shape

    def _new_fit(self, shape: Shape, line: bytes) -> Fit | None:
        """Return how events such as `line` answer; what decides their partition is the same for all of them."""
        fields = self._interpret(line)
        if fields is None or fields.get("event.kind") != "event":
            return None
        partition = self._router.route(fields).partition(fields)
        if partition.plan.comparisons or not all(_is_plain(words.question) for words in partition.words):
            return None
        if partition.words and "winlog.channel" not in fields:
            return None  # It may have no word at all.
        base = 0
        reads: list[tuple[str, Slot]] = []
        for slot in partition.slots:
            places = _places(slot, shape.spelled)
            if places is None:
                return None
            if not places or all(name in self._deciding for name in slot.names):
                base |= slot.bits(next((fields[name] for name in slot.names if name in fields), None))
            elif len(places) == 1:
                reads.append((places[0], slot))
            else:
                return None
        for words in partition.words:
            base |= words.untouched
        return Fit(partition, reads, base, self._gate(partition))

    def _gate(self, partition: Partition) -> Gate | None:
        needles: set[str] = set()
        for words in partition.words:
            needles.update(words.question.needles)
        if not needles:
            return None
        gate = self._gates.get(frozenset(needles))
        if gate is None:
            gate = self._gates[frozenset(needles)] = Gate(frozenset(needles))
        if self._common is None or len(needles) < self._common.size:
            self._common = gate
        return gate


def _is_plain(words: Question) -> bool:
    """Return whether only words with one of the needles in them say anything."""
    return not (words.exact or words.unsure or words.open)


def _places(slot: Slot, spelled: Spelling) -> list[str] | None:
    """Return where an event has the field of a slot; None where names do not tell."""
    places: list[str] = []
    for field in slot.names:
        there = spelled.of(field)
        if there is None:
            return None
        places += there
    return places


def _may_hold_word(gate: Gate, line: bytes, row: Row, is_suspect: bool) -> bool:
    """Return whether a keyword may be in an event; of lines in ASCII alone only the suspect have to be searched."""
    if (is_suspect and gate.lets(line)) or (not line.isascii() and _TURNS_ASCII.find_matches_as_indexes(line)):
        return gate.lets_row(row)
    return False


def _learnt(slot: Slot, value: object) -> int:
    """Return the bits of a value in the event; raise TypeError where its record would not have just its text."""
    if type(value) is str:
        return slot.learn(value)
    if type(value) is int:
        text = str(value)
        known = slot.known.get(text)
        return slot.learn(text) if known is None else known
    raise TypeError
