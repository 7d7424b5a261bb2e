"""Texts with wildcards, compared without case unless the rule says otherwise."""

from sentinel.detect.check import Check, Reads
from sentinel.detect.facts import fold
from sentinel.detect.values import Text
from sentinel.detect.wildcard import changed, matcher


def text(value: Text, *, is_keyword: bool) -> Check:
    """Return the check of a text; a keyword may be anywhere in a text."""
    pieces = ((), *value.pieces, ()) if is_keyword else value.pieces
    if value.is_cased:
        return Check(Reads.TEXT, matcher(pieces))
    return Check(Reads.FOLDED, matcher(changed(pieces, fold)))
