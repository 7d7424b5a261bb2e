"""The matrix: for each tactic the techniques that rules speak of, with those rules."""

import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from sentinel.cli.coverage.attack import TACTICS, UNSAID, tactics_of
from sentinel.model.match import RuleInfo

_TECHNIQUE = re.compile(r"attack\.(t\d{4}(?:\.\d{3})?)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Matrix:
    """What rules cover."""

    cells: Mapping[str, Mapping[str, tuple[RuleInfo, ...]]]
    """Tactic to technique to rules; tactics in the order of an attack, techniques by id."""
    untagged: tuple[RuleInfo, ...]
    """Rules that name no technique."""

    def techniques(self) -> dict[str, tuple[RuleInfo, ...]]:
        """Return each technique with its rules, whatever the tactic."""
        found: defaultdict[str, dict[str, RuleInfo]] = defaultdict(dict)
        for techniques in self.cells.values():
            for technique, rules in techniques.items():
                found[technique].update({rule.id: rule for rule in rules})
        return {technique: tuple(found[technique].values()) for technique in sorted(found)}

    def rows(self) -> Iterator[tuple[str, str, tuple[RuleInfo, ...]]]:
        """Yield tactic, technique and rules."""
        for tactic, techniques in self.cells.items():
            for technique, rules in techniques.items():
                yield tactic, technique, rules


def matrix(rules: Iterable[RuleInfo]) -> Matrix:
    """Return the matrix of a set of rules."""
    cells: defaultdict[str, defaultdict[str, list[RuleInfo]]] = defaultdict(lambda: defaultdict(list))
    untagged: list[RuleInfo] = []
    for rule in sorted(rules, key=lambda each: (-each.level.rank, each.title, each.id)):
        techniques = {found[1].upper() for tag in rule.tags if (found := _TECHNIQUE.fullmatch(tag))}
        tagged = frozenset(tag.lower().removeprefix("attack.") for tag in rule.tags) & frozenset(TACTICS)
        if not techniques:
            untagged.append(rule)
        for technique in techniques:
            for tactic in tactics_of(technique, tagged):
                cells[tactic][technique].append(rule)
    ordered = [tactic for tactic in (*TACTICS, UNSAID) if tactic in cells]
    return Matrix(
        {tactic: {technique: tuple(found) for technique, found in sorted(cells[tactic].items())} for tactic in ordered},
        tuple(untagged),
    )
