"""Holds matches against what two independent engines expect, and says of each difference whether it is explained."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from bench.sigma.explained import Explained, Explanation

Fired = Mapping[tuple[str, str], list[int]]
"""Segment or file and rule -> lines or records."""


@dataclass(frozen=True, slots=True)
class Difference:
    """One rule in one segment or file that fires otherwise than expected."""

    place: str
    rule: str
    what: str
    explanation: Explanation | None = None


@dataclass(slots=True)
class Judgement:
    """What a corpus came to."""

    found: int = 0
    missed: int = 0
    equal: int = 0
    """Pairs whose number of events is the expected one."""
    possible: int = 0
    """Pairs that only one of the two engines has, and we have too."""
    differences: list[Difference] = field(default_factory=list)

    @property
    def unexplained(self) -> list[Difference]:
        """The differences nobody has explained."""
        return [each for each in self.differences if each.explanation is None]


def judge(corpus: str, fired: Fired, entries: Iterable[tuple[str, Mapping[str, Any]]], known: Explained) -> Judgement:
    """Return how matches compare with `expected_rules` and `possible_rules` of each segment or file."""
    judgement = Judgement()
    by_place: dict[str, dict[str, list[int]]] = defaultdict(dict)
    for (place, rule), lines in fired.items():
        by_place[place][rule] = lines
    for place, entry in entries:
        there = by_place.pop(place, {})
        for expected in entry["expected_rules"]:
            _expected(judgement, place, expected, there.pop(expected["rule_id"], []))
        for possible in entry.get("possible_rules", []):
            judgement.possible += there.pop(possible["rule_id"], None) is not None
        for rule, lines in sorted(there.items()):
            judgement.differences.append(_extra(corpus, place, rule, lines, known))
    for place, rules in sorted(by_place.items()):
        judgement.differences += [Difference(place, rule, "fires where nothing is described") for rule in rules]
    return judgement


def _expected(judgement: Judgement, place: str, expected: Mapping[str, Any], lines: list[int]) -> None:
    title = f"{expected['title']} ({expected['rule_id']})"
    if not lines:
        judgement.missed += 1
        judgement.differences.append(Difference(place, title, "missed"))
        return
    judgement.found += 1
    least, most = expected["min_events"], expected["max_events"]
    if least <= len(lines) <= most:
        judgement.equal += 1
    else:
        judgement.differences.append(Difference(place, title, f"fires on {_events(lines)}, not {least} to {most}"))


def _extra(corpus: str, place: str, rule: str, lines: list[int], known: Explained) -> Difference:
    explanation = known.matches.get((corpus, place, rule))
    if explanation is None:
        return Difference(place, rule, f"fires on {_events(lines)}, where neither engine does")
    if frozenset(lines) != explanation.lines:
        others = sorted(explanation.lines.symmetric_difference(lines))
        return Difference(
            place, explanation.title, f"does not fire where it was explained, or elsewhere: {others[:20]}"
        )
    return Difference(place, explanation.title, f"fires on {_events(lines)}, where neither does", explanation)


def _events(lines: list[int]) -> str:
    return f"{len(lines)} event{'' if len(lines) == 1 else 's'}"
