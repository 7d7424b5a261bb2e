"""Decides which hits must meet: what correlations that lean on each other can see together has one key; pure."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from sentinel.detect.correlate.hit import AGENCY, Hit
from sentinel.detect.rule import Correlation


@dataclass(frozen=True, slots=True)
class Family:
    """Correlations that lean on each other, or one that stands alone."""

    id: str
    """Smallest of their ids."""
    correlations: tuple[Correlation, ...]

    def key(self, hit: Hit) -> str:
        """Return what all hits have in common that may end in one match of the family.

        A correlation alone keeps its groups apart. A family does not: a match of one member is a hit for the next,
        which may group by something else. Agencies stay apart wherever no member looks across them.
        """
        is_across = any(each.info.across_agencies for each in self.correlations)
        parts = [self.id, "" if is_across else hit.agency]
        if len(self.correlations) == 1:
            (alone,) = self.correlations
            for name in alone.group_by:
                written = alone.aliases.get(name, {}).get(hit.rule, name)
                parts.append(hit.agency if written == AGENCY else hit.fields.get(written, ""))
        return "\0".join(parts)


@dataclass(frozen=True, slots=True)
class Families:
    """All families of a rule set."""

    members: Sequence[Family]
    _by_rule: Mapping[str, Sequence[Family]] = field(repr=False)

    def listening(self, rule_id: str) -> Sequence[Family]:
        """Return the families that want the hits of a plain rule."""
        return self._by_rule.get(rule_id, ())


def families(correlations: Sequence[Correlation]) -> Families:
    """Return the families: who refers to a correlation belongs to it; who only shares its rules does not."""
    known = {each.info.id: each for each in correlations}
    head = {each: each for each in known}

    def find(one: str) -> str:
        while head[one] != one:
            one = head[one]
        return one

    for each in correlations:
        for rule in each.rules:
            if rule in known:
                first, second = sorted((find(each.info.id), find(rule)))
                head[second] = first
    grouped: defaultdict[str, list[Correlation]] = defaultdict(list)
    for rule_id in sorted(known):
        grouped[find(rule_id)].append(known[rule_id])
    members = [Family(name, tuple(found)) for name, found in grouped.items()]
    by_rule: defaultdict[str, list[Family]] = defaultdict(list)
    for family in members:
        for rule in sorted({rule for each in family.correlations for rule in each.rules} - set(known)):
            by_rule[rule].append(family)
    return Families(members, by_rule)
