"""What texts are compared as: letters without case and accents, and the words in them; the same for every store."""

import re
import unicodedata

MAX_COMPARED_CHARACTERS = 8_000
"""A longer value is compared by its beginning: no index holds terms without end."""
MAX_WORDS_CHARACTERS = 32_768
"""Free text is looked for in so much of a text."""
_WORD = re.compile(r"[^\W_]+")
_DOTLESS = str.maketrans({"đ": "d"})


def fold(text: str) -> str:
    """Return `text` without case and accents: `hai phong` for `Hải Phòng`, composed or not."""
    if text.isascii():
        return text.lower()
    parts = unicodedata.normalize("NFD", text.lower())
    return "".join(part for part in parts if not unicodedata.category(part).startswith("M")).translate(_DOTLESS)


def words(text: str) -> list[str]:
    """Return the folded words of `text`: runs of letters and digits."""
    return _WORD.findall(fold(text[:MAX_WORDS_CHARACTERS]))
