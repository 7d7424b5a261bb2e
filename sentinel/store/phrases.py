"""Cuts what is looked for in texts into patterns of words, the same for every store."""

from sentinel.store.tree import ANY, Pattern
from sentinel.store.words import MAX_WORD_CHARACTERS, WORD, fold


def phrase(pattern: Pattern) -> tuple[Pattern, ...]:
    """Return what each word must be, one word after another, in folded text; empty: the pattern has no word.

    A wildcard belongs to the word it stands in or beside. An `*` by itself is any one word between others, and
    nothing before the first and after the last.
    """
    found: list[list[str]] = []
    for index, part in enumerate(pattern.parts):
        if index % 2:
            _begun(found, is_beside=_ends_in_word(pattern.parts, index)).extend((part, ""))
            continue
        folded = fold(part)
        for match in WORD.finditer(folded):
            is_beside = match.start() == 0 and index > 0
            _begun(found, is_beside=is_beside)[-1] += match[0][:MAX_WORD_CHARACTERS]
    return _without_edges(tuple(Pattern(tuple(parts)) for parts in found))


def _ends_in_word(parts: tuple[str, ...], index: int) -> bool:
    """Return whether the wildcard at `index` continues a word or a wildcard before it."""
    before = fold(parts[index - 1])
    return _is_word(before[-1]) if before else index > 1


def _begun(found: list[list[str]], *, is_beside: bool) -> list[str]:
    """Return the parts of the word being read: the last one, or a new one."""
    if not (is_beside and found):
        found.append([""])
    return found[-1]


def _is_word(character: str) -> bool:
    return WORD.fullmatch(character) is not None


def _without_edges(patterns: tuple[Pattern, ...]) -> tuple[Pattern, ...]:
    whole = [index for index, pattern in enumerate(patterns) if set(pattern.parts) - {"", ANY}]
    return patterns[whole[0] : whole[-1] + 1] if whole else ()
