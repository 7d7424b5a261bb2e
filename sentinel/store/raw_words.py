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


def plain_expression(words: Sequence[Pattern]) -> str | None:
    """Return the exact expression for texts of ASCII alone; None where no such text has the words."""
    written = []
    for word in words:
        if not "".join(word.parts[::2]).isascii():
            return None
        parts = [_PLAIN.get(part, part) for part in word.parts]
        written.append("".join(parts) if set(word.parts) - {"", ANY} else "[0-9A-Za-z]+")
    before, after = _edges(words)
    begin = "(?:^|[^0-9A-Za-z])" if before else ""
    end = "(?:$|[^0-9A-Za-z])" if after else ""
    return f"(?i){begin}{'[^0-9A-Za-z]+'.join(written)}{end}"


def sieve_expressions(words: Sequence[Pattern]) -> tuple[str, str] | None:
    """Return two expressions of which one is in every text with the words; None where none such are known.

    The first is for letters as they are, and one that RE2 looks for many at a time; the second for texts that are not
    of ASCII alone: another form of one of those letters, or a mark, which may stand between them.
    """
    literals = [part for word in words for part in word.parts[::2]]
    if not all(map(str.isascii, literals)):
        return None
    run = max((run for part in literals for run in _LONE.split(part)), key=len)
    if len(run) < _SHORTEST_RUN:
        run = max(literals, key=len)
    if not run:
        return None
    others = {form for letter in run for form in _forms(letter) if not form.isascii()}
    return f"(?i){run}", f"[{''.join(sorted(others))}\\pM]"


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
    return f"[{''.join(_forms(character))}]\\pM*"


def _forms(character: str) -> list[str]:
    """Return the single characters that fold to the character."""
    forms = {character, character.upper(), *_folding().get(character, ())}
    return sorted(form for form in forms if len(form) == 1)


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
