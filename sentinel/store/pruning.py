"""Tells from the names that a segment holds whether a query can find anything in it."""

from collections.abc import Set

from sentinel.store.columns import AGENCY, DATASET
from sentinel.store.tree import ANY, And, Like, Node, Or, Pattern
from sentinel.store.words import fold

Names = Set[str] | None
"""None: not known."""


def may_hold(tree: Node, datasets: Names, agencies: Names) -> bool:
    """Return False where no record of these datasets and agencies can be what the query describes."""
    match tree:
        case And(items):
            return all(may_hold(item, datasets, agencies) for item in items)
        case Or(items):
            return any(may_hold(item, datasets, agencies) for item in items)
        case Like(field, pattern) if field in (DATASET, AGENCY):
            names = datasets if field == DATASET else agencies
            return names is None or any(_may_fit(name, pattern) for name in names)
    return True


def _may_fit(name: str, pattern: Pattern) -> bool:
    """Return whether the name begins and ends as the pattern does, which is all of it where it has no wildcard."""
    folded = fold(name)
    if (literal := pattern.literal) is not None:
        return folded == fold(literal)
    if pattern.parts[1] != ANY or pattern.parts[-2] != ANY:
        return True
    return folded.startswith(fold(pattern.parts[0])) and folded.endswith(fold(pattern.parts[-1]))
