"""A value that is another field of the same record."""

from collections.abc import Callable, Iterable

from sentinel.detect.values import Reference

_COMPARE: dict[tuple[bool, bool], Callable[[str, str], bool]] = {
    (False, False): lambda text, other: text == other,
    (True, False): lambda text, other: text.startswith(other),
    (False, True): lambda text, other: text.endswith(other),
    (True, True): lambda text, other: other in text,
}
"""(`startswith`, `endswith`) -> comparison; both together mean `contains`."""


def refers(value: Reference, texts: Iterable[str], others: Iterable[str]) -> bool:
    """Return whether any of `texts` compares with any of `others` (all folded); false where either is empty."""
    compare = _COMPARE[value.starts_with, value.ends_with]
    known = list(others)
    return any(compare(text, other) for text in texts for other in known)
