"""`name=value` words of a line, values plain or in quotes: key-value logs of auditd, firewalls and applications."""

import re
from collections.abc import Iterator

from sentinel.errors import InputError

MAX_PAIRS = 512

# Quoted values are bounded, because a quote that nothing closes is looked for anew at every pair.
_PAIR = re.compile(
    # name, then its value in double quotes, in single ones, or plain
    r"(?<![^\s,;|'])([A-Za-z_][\w.\-]{0,63})="
    r"(?:\"((?:[^\"\\]|\\.){0,16384})\"|'([^']{0,16384})'|([^\s,;\x1d]*))",
    re.DOTALL,
)


def pairs(text: str) -> Iterator[tuple[str, str, bool]]:
    """Yield (name, value, stood in quotes) in order; escapes inside quotes stay as they are.

    Raises `InputError` after `MAX_PAIRS`.
    """
    for count, found in enumerate(_PAIR.finditer(text)):
        if count >= MAX_PAIRS:
            raise InputError(f"more than {MAX_PAIRS} pairs of name and value")
        name, double, single, plain = found.groups()
        if plain is not None:
            yield name, plain, False
        else:
            yield name, double if double is not None else single, True


def first_pairs(text: str) -> dict[str, str]:
    """Return the value of every name; the first of a name counts."""
    found: dict[str, str] = {}
    for name, value, _ in pairs(text):
        found.setdefault(name, value)
    return found
