"""What texts are compared as: letters without case and accents, and the words in them; the same for every store."""

import re
import unicodedata
from functools import lru_cache

from sentinel.model.ecs import type_of

MAX_COMPARED_CHARACTERS = 8_000
"""A longer value is compared by its beginning: no index holds terms without end."""
MAX_WORDS_CHARACTERS = 32_768
"""Free text is looked for in so much of a text."""
MAX_WORD_CHARACTERS = 255
"""A longer word counts by its beginning: no index holds terms without end."""

FREE_TEXT: tuple[str, ...] = (
    "event.original",
    "message",
    "process.command_line",
    "process.executable",
    "url.original",
    "file.path",
    "host.name",
    "user.name",
    "source.ip",
    "dns.question.name",
    "event.action",
    "error.message",
)
"""Where a word without a field is looked for."""

WORD = re.compile(r"[^\W_]+")
"""A word in folded text."""
_DOTLESS = str.maketrans({"đ": "d"})
_PERHAPS_MARKS = re.compile("[^\x00-\u02ff]+")
"""What may hold accents that stand alone: none comes before, and most letters do."""
_ASCII_WORDS = "".join(chr(code).lower() if chr(code).isalnum() else " " for code in range(128))
"""To what each letter of ASCII becomes between words: several times faster than an expression that finds them."""


def fold(text: str) -> str:
    """Return `text` without case and accents: `hai phong` for `Hải Phòng`, composed or not."""
    if text.isascii():
        return text.lower()
    # The small form of a sigma depends on what follows it, unless it is small before.
    parts = unicodedata.normalize("NFD", text.replace("Σ", "σ").lower())
    plain = _PERHAPS_MARKS.sub(_without_marks, parts)
    return unicodedata.normalize("NFC", plain).translate(_DOTLESS)


def words(text: str) -> list[str]:
    """Return the folded words of `text`: runs of letters and digits."""
    text = text[:MAX_WORDS_CHARACTERS]
    if text.isascii():
        found = text.translate(_ASCII_WORDS).split()
        if len(max(found, key=len, default="")) <= MAX_WORD_CHARACTERS:
            return found
    return [word[:MAX_WORD_CHARACTERS] for word in WORD.findall(fold(text))]


def _without_marks(run: re.Match[str]) -> str:
    text = run[0]
    return _unless_mark(text) if len(text) == 1 else "".join([_unless_mark(each) for each in text])


@lru_cache(maxsize=4_096)
def _unless_mark(character: str) -> str:
    """Return a character, or nothing for a mark."""
    return "" if unicodedata.category(character).startswith("M") else character


def is_prose(field: str) -> bool:
    """Return whether the field is searched by the words in it, not by its whole value."""
    return type_of(field) == "text" or field == "event.original"
