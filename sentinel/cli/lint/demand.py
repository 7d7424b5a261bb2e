"""What a condition demands of single fields in every match, and whether two demands can be met at once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from sentinel.detect.check import Reads
from sentinel.detect.facts import fold
from sentinel.detect.notation import notation
from sentinel.detect.predicates import check_of
from sentinel.detect.tree import Group, Item, Negation, Node, Selection
from sentinel.detect.values import Boolean, Comparison, Exists, Null, Number, Reference, Text, TimePart, Value
from sentinel.errors import InputError


@dataclass(frozen=True, slots=True)
class Exact:
    """One text a field would have to hold; None as its text means that the field is absent."""

    text: str | None
    is_cased: bool = False


@dataclass(frozen=True, slots=True)
class Demand:
    """What must hold, or must not, of one field in every match."""

    field: str
    values: tuple[Value, ...]
    """Any of them."""
    is_wanted: bool

    @property
    def words(self) -> str:
        """The demand as a rule would say it."""
        shown = " or ".join(notation(self.field, value) for value in self.values[:3])
        more = f" or {len(self.values) - 3} more" if len(self.values) > 3 else ""
        return f"{'' if self.is_wanted else 'not '}{shown}{more}"

    def candidates(self) -> list[Exact] | None:
        """Return every text that meets the demand, or None where they cannot be listed."""
        if not self.is_wanted:
            return None
        found = [_exact(value) for value in self.values]
        return None if None in found else [each for each in found if each is not None]

    def allows(self, candidate: Exact) -> bool:
        """Return whether a field holding `candidate` may meet the demand; True where nobody can tell."""
        verdicts = [_verdict(value, candidate) for value in self.values]
        if self.is_wanted:
            return any(verdict is not False for verdict in verdicts)
        return not any(verdict is True for verdict in verdicts)


def demands(node: Node, *, is_wanted: bool = True) -> Iterator[Demand]:
    """Yield what every match of a condition meets; keywords are left out."""
    match node:
        case Selection():
            yield from demands(node.part, is_wanted=is_wanted)
        case Negation():
            yield from demands(node.part, is_wanted=not is_wanted)
        case Group():
            if node.needs_all if is_wanted else node.at_least == 1:
                for part in node.parts:
                    yield from demands(part, is_wanted=is_wanted)
        case Item(field=str(field)):
            holds = is_wanted != node.is_negated
            if node.needs_all and holds:
                yield from (Demand(field, choice, True) for choice in node.values)
            elif not node.needs_all or len(node.values) == 1:
                yield Demand(field, tuple(value for choice in node.values for value in choice), holds)


def conflict(together: Sequence[Demand], *, is_list: bool) -> str | None:
    """Return why no record meets all of these demands on one field, or None; of a list each member may meet one."""
    for demand in together:
        candidates = demand.candidates()
        if candidates is None:
            continue
        for other in together:
            if other is demand or (is_list and other.is_wanted):
                continue
            left = [each for each in candidates if other.allows(each)]
            if not left:
                return f"'{demand.words}' and '{other.words}' are never true together"
            candidates = candidates if is_list else left
    return None if is_list else _empty_range(together)


def _empty_range(together: Sequence[Demand]) -> str | None:
    comparisons = [
        (each, value) for each in together if each.is_wanted for value in each.values if isinstance(value, Comparison)
    ]
    lows = [(each, value) for each, value in comparisons if value.operator in ("gt", "gte") and len(each.values) == 1]
    highs = [(each, value) for each, value in comparisons if value.operator in ("lt", "lte") and len(each.values) == 1]
    for low, lower in lows:
        for high, upper in highs:
            touches = (lower.operator, upper.operator) == ("gte", "lte")
            if lower.part == upper.part and (lower.limit > upper.limit or (lower.limit == upper.limit and not touches)):
                return f"'{low.words}' and '{high.words}' are never true together"
    return None


def _exact(value: Value) -> Exact | None:
    match value:
        case Text(pieces=(piece,)) if None not in piece:
            return Exact("".join(part or "" for part in piece), value.is_cased)
        case Number():
            return Exact(value.text)
        case Boolean():
            return Exact("true" if value.is_true else "false")
        case Null() | Exists(is_wanted=False):
            return Exact(None)
    return None


def _verdict(value: Value, candidate: Exact) -> bool | None:
    """Return whether a field holding `candidate` meets one value; None where nobody can tell."""
    if isinstance(value, Null | Exists):
        is_absence = isinstance(value, Null) or not value.is_wanted
        return is_absence == (candidate.text is None)
    if candidate.text is None:
        return False
    if isinstance(value, Reference | TimePart) or (isinstance(value, Comparison) and value.part):
        return None
    try:
        check = check_of(value)
    except InputError:
        return None
    if check.reads is Reads.FOLDED:
        return check.holds(fold(candidate.text))
    if check.reads is Reads.SCALAR or candidate.is_cased or candidate.text.lower() == candidate.text.upper():
        return check.holds(candidate.text)
    # The candidate stands for all its spellings in small and capital letters, and one of them may fit.
    if isinstance(value, Text):
        uncased = check_of(Text(value.pieces))
        return None if uncased.holds(fold(candidate.text)) else False
    return None
