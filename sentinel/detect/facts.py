"""A record as predicates read it: every value as canonical text, folded once and remembered."""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from unicodedata import combining, normalize

from sentinel.model.by_names import ByNames
from sentinel.model.record import Scalar, Value

BOOKKEEPING = ("@timestamp", "event.", "log.", "agent.", "organization.", "related.", "ecs.", "host.")
"""Fields that say how a record came here, not what happened: keywords do not search them."""
MAX_WORDS = 2_000
"""Values of one record that keywords search at most."""
MAX_MARKS = 100
"""Marks on one letter that are read; no script has so many."""
IDEOGRAPHS = 0x20000
"""From here on there are ideographs, and no marks that are put in order."""
LONG = 2_000
"""Shorter texts may hold any number of marks."""
_PERHAPS_MARKS = re.compile(f"[\u0300-\U0010ffff]{{{MAX_MARKS}}}")
"""Found quickly; letters of many scripts are among these."""
_SURROGATE = re.compile("[\ud800-\udfff]")
_MAX_EXACT_INTEGER = 10**100
_LARGEST_PLAIN_FLOAT = 2.0**63
"""Whole floats below are written like integers, which is what they were before some JSON writer had them."""


def text_of(value: Scalar) -> str:
    """Return the canonical text of `value`: `true`, `4688`, `1.5`, or the text itself."""
    if isinstance(value, str):
        return value if value.isascii() else composed(_SURROGATE.sub("\ufffd", value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int) and abs(value) > _MAX_EXACT_INTEGER:
        return f"{value:x}"  # Python refuses to write huge integers in decimal; nothing asks for them.
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST_PLAIN_FLOAT:
        return str(int(value))
    return str(value)


def fold(text: str) -> str:
    """Return `text` without the difference of case, for Unicode as for ASCII.

    The two lower-case sigmas are one letter here: which of them `str.lower` chooses depends on what follows. So are
    the dotted İ and i: `str.lower` makes two characters of it, and no other letter changes its length.
    """
    return text.lower() if text.isascii() else text.replace("İ", "i").lower().replace("ς", "σ")


def composed(text: str) -> str:
    """Return `text` with letters and their marks as one character (NFC), however they were typed.

    Of more than `MAX_MARKS` marks on one letter of a long text the others are left out: putting them in order takes a
    time quadratic in their number (Unicode Standard Annex 15 allows 30 in its Stream-Safe Text Format).
    """
    if text.isascii():
        return text
    if len(text) > LONG and _PERHAPS_MARKS.search(text):
        text = _too_many_marks().sub(r"\1", text)
    return normalize("NFC", text)


@cache
def _too_many_marks() -> re.Pattern[str]:
    marks = "".join(chr(code) for code in range(0x300, IDEOGRAPHS) if combining(chr(code)))
    marks += "\u0f73\u0f75\u0f81"  # They become two marks each.
    return re.compile(f"([{marks}]{{{MAX_MARKS}}})[{marks}]+")


def members(value: Value | None) -> Sequence[Scalar]:
    """Return the values a field holds: none, one, or those of its list."""
    if value is None:
        return ()
    return value if isinstance(value, list) else (value,)


_happened = ByNames(lambda names: tuple(name for name in names if not name.startswith(BOOKKEEPING)))


def telling(names: tuple[str, ...], but: tuple[str, ...]) -> list[str]:
    """Return those of a record's names that say what happened, `but` some."""
    return [name for name in _happened(names) if name not in but]


class Facts:
    """What one record says, by field name."""

    __slots__ = ("_folded", "_words", "fields")

    def __init__(self, fields: Mapping[str, Value]) -> None:
        self.fields = fields
        self._folded: dict[str, tuple[str, ...]] = {}
        self._words: dict[tuple[str, ...], list[str]] = {}

    def first(self, names: Sequence[str]) -> str | None:
        """Return the first of `names` that the record has, or None."""
        for name in names:
            if name in self.fields:
                return name
        return None

    def folded(self, name: str) -> tuple[str, ...]:
        """Return the folded texts of field `name`; empty where the record has no such field."""
        known = self._folded.get(name)
        if known is None:
            known = tuple([fold(text_of(value)) for value in members(self.fields.get(name))])
            self._folded[name] = known
        return known

    def words(self, keyword_fields: tuple[str, ...]) -> list[str]:
        """Return the texts keywords search: `keyword_fields` first, then every other text about what happened."""
        fields = self.fields
        texts = [text_of(member) for name in keyword_fields for member in members(fields.get(name))]
        for name in telling(tuple(fields), keyword_fields):
            value = fields[name]
            if type(value) is str:
                texts.append(value if value.isascii() else text_of(value))
            elif type(value) is list and value and type(value[0]) is str:
                texts.extend(map(text_of, value))
        return texts[:MAX_WORDS]

    def folded_words(self, keyword_fields: tuple[str, ...]) -> list[str]:
        """Return what `words` does, folded."""
        known = self._words.get(keyword_fields)
        if known is None:
            texts = [text for name in self._worded(keyword_fields) for text in self.folded(name)]
            known = self._words[keyword_fields] = texts[:MAX_WORDS]
        return known

    def _worded(self, keyword_fields: tuple[str, ...]) -> list[str]:
        """Return the names of the fields that hold words; of a list its first member tells."""
        names = list(keyword_fields)
        for name in telling(tuple(self.fields), keyword_fields):
            value = self.fields[name]
            first = value[0] if type(value) is list and value else value
            if type(first) is str:
                names.append(name)
        return names
