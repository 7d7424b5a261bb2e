r"""Finds folded words in texts as they were written, by one regular expression (RE2): no index, no folded copy.

A letter stands for all that fold to it, with any marks after it; a word ends where neither letter, digit nor mark
follows. So an expression finds just what `words` finds in the folded text, at the speed of reading the text.
"""

import re
import unicodedata
from collections import defaultdict
from collections.abc import Sequence
from functools import cache

from sentinel.store.tree import ANY, ONE, Pattern
from sentinel.store.words import MAX_WORD_CHARACTERS, fold

_IN_WORD = r"[\pL\pN\pM]"
_LETTER = r"[\pL\pN]\pM*"
_BEFORE = r"(?:^|[^\pL\pN\pM])\pM*"
_AFTER = r"(?:$|[^\pL\pN\pM])"
_BETWEEN = r"[^\pL\pN\pM][^\pL\pN]*"
_PLAIN = {ANY: "[0-9A-Za-z]*", ONE: "[0-9A-Za-z]"}
_CHANGING = (range(0x80, 0xD800), range(0xF900, 0x20000), range(0x2F800, 0x2FA20))
"""Where characters lie that fold to others."""
_LONE = re.compile("[ks]")
"""Letters with a form beyond ASCII that is a case of theirs for RE2, which then looks for one letter after another."""
_SHORTEST_RUN = 3
"""Fewer letters stand in nearly every text."""
_FIRST_HANGUL, _LAST_HANGUL = "\uac00", "\ud7a3"


def phrase_expressions(words: Sequence[Pattern]) -> tuple[str, str]:
    """Return two expressions for the words one after another: a cheap one that may find more, and the exact one."""
    core = _BETWEEN.join(_word(word) for word in words)
    before, after = _edges(words)
    return core, f"{_BEFORE if before else ''}{core}{_AFTER if after else ''}"


def plain_expressions(words: Sequence[Pattern]) -> tuple[str, str] | None:
    """Return the same two for texts of ASCII alone; None where no such text has the words."""
    written = []
    for word in words:
        if not "".join(word.parts[::2]).isascii():
            return None
        parts = [_PLAIN.get(part, part) for part in word.parts]
        written.append("".join(parts) if set(word.parts) - {"", ANY} else "[0-9A-Za-z]+")
    core = "[^0-9A-Za-z]+".join(written)
    before, after = _edges(words)
    begin = "(?:^|[^0-9A-Za-z])" if before else ""
    end = "(?:$|[^0-9A-Za-z])" if after else ""
    return f"(?i){core}", f"(?i){begin}{core}{end}"


def letters_expression(words: Sequence[Pattern]) -> str | None:
    """Return a cheaper expression than both for texts of ASCII alone, which may find still more; None without letters.

    It is a run of letters as they are, for which RE2 looks at many places at a time: the longest that it can so look
    for, unless that is so short that it stands in nearly every text.
    """
    literals = [part for word in words for part in word.parts[::2]]
    run = longest_run(words)
    run = max(literals, key=len) if len(run) < _SHORTEST_RUN else run
    return f"(?i){run}" if run else None


def longest_run(words: Sequence[Pattern]) -> str:
    """Return the longest run of letters in the words that have no case beyond ASCII; empty where there is none."""
    return max((run for word in words for part in word.parts[::2] for run in _LONE.split(part)), key=len, default="")


def _edges(words: Sequence[Pattern]) -> tuple[bool, bool]:
    """Return whether the first word must begin, and the last one end, where the expression does."""
    begins, ends = words[0].parts, words[-1].parts
    is_cut = len(ends) == 1 and len(ends[0]) >= MAX_WORD_CHARACTERS
    return not _is_open(begins[:2]), not (_is_open(ends[:-3:-1]) or is_cut)


def _is_open(edge: Sequence[str]) -> bool:
    """Return whether a word may go on at its edge, given as its outermost text and the wildcard beside that."""
    return len(edge) > 1 and edge[0] == "" and edge[1] == ANY


def _word(word: Pattern) -> str:
    if set(word.parts) <= {"", ANY}:
        return f"{_LETTER}{_IN_WORD}*"
    parts = list(word.parts)
    written = []
    for index, part in enumerate(parts):
        if index % 2:
            written.append(f"{_IN_WORD}*" if part == ANY else _LETTER)
        else:
            written.append("".join(_letter(each) for each in part))
    return "".join(written)


@cache
def _letter(character: str) -> str:
    """Return what folds to the character, with any marks after it."""
    if _FIRST_HANGUL <= character <= _LAST_HANGUL:
        return f"(?:{'|'.join(_hangul(character))})\\pM*"
    forms = sorted({character, character.upper(), *_folding().get(character, ())})
    return f"[{''.join(form for form in forms if len(form) == 1)}]\\pM*"


def _hangul(syllable: str) -> list[str]:
    """Return the spellings of a syllable: whole, in parts, and with its last part apart."""
    parts = unicodedata.normalize("NFD", syllable)
    return [syllable, parts, *([unicodedata.normalize("NFC", parts[:2]) + parts[2]] if len(parts) > 2 else [])]


@cache
def _folding() -> dict[str, list[str]]:
    """Return by folded character those that fold to it."""
    found: dict[str, list[str]] = defaultdict(list)
    for code in (code for part in _CHANGING for code in part):
        character = chr(code)
        if character != character.lower() or character == "đ" or unicodedata.decomposition(character):
            folded = fold(character)
            if len(folded) == 1 and folded != character:
                found[folded].append(character)
    return dict(found)
