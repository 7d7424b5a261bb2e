"""`name=value` words of a line, values plain or in quotes: key-value logs of auditd, firewalls and applications."""

import re
from collections.abc import Iterator

from sentinel.errors import InputError

MAX_PAIRS = 512

# Quoted values are bounded, because a quote that nothing closes is looked for anew at every pair.
_PAIR = re.compile(
    r"(?<![^\s,;|'])(?P<name>[A-Za-z_][\w.\-]{0,63})="
    r"(?:\"(?P<double>(?:[^\"\\]|\\.){0,16384})\"|'(?P<single>[^']{0,16384})'|(?P<plain>[^\s,;\x1d]*))",
    re.DOTALL,
)


def pairs(text: str) -> Iterator[tuple[str, str, bool]]:
    """Yield (name, value, stood in quotes) in order; escapes inside quotes stay as they are.

    Raises `InputError` after `MAX_PAIRS`.
    """
    for count, found in enumerate(_PAIR.finditer(text)):
        if count >= MAX_PAIRS:
            raise InputError(f"more than {MAX_PAIRS} pairs of name and value")
        plain = found["plain"]
        if plain is not None:
            yield found["name"], plain, False
        else:
            yield found["name"], found["double"] if found["double"] is not None else found["single"], True


def first_pairs(text: str) -> dict[str, str]:
    """Return the value of every name; the first of a name counts."""
    found: dict[str, str] = {}
    for name, value, _ in pairs(text):
        found.setdefault(name, value)
    return found
