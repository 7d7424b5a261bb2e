"""Makes text from outside fit for a column: bounded, valid UTF-8, NFC, without NUL."""

import unicodedata

_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


def fit(text: str, limit: int) -> str:
    """Return `text` in NFC, at most `limit` characters, with what a database refuses replaced.

    A cut text ends in an ellipsis. NUL is refused by PostgreSQL, lone surrogates by every UTF-8 encoder.
    """
    text = text[: limit + 1]
    if not text.isascii():
        text = unicodedata.normalize("NFC", text.encode("utf-8", "replace").decode("utf-8"))
    text = text.replace("\0", _REPLACEMENT)
    return text if len(text) <= limit else text[: limit - 1] + "…"
