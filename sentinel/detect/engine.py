"""The detection engine: records in, matches with evidence out, correlations over time included."""

from collections.abc import Iterable, Sequence

from sentinel.detect.compile import holds
from sentinel.detect.correlate.correlator import Correlator
from sentinel.detect.correlate.hit import hit_of
from sentinel.detect.explain import explain
from sentinel.detect.facts import Facts
from sentinel.detect.routing import Candidate, Router
from sentinel.detect.rule import RuleSet
from sentinel.detect.taxonomy import Family
from sentinel.detect.why import Verdict, why
from sentinel.model.match import Match, RuleInfo
from sentinel.model.record import Record


class Engine:
    """Matches records against a rule set. One thread at a time; records in the order they happened, or nearly."""

    def __init__(self, rule_set: RuleSet, families: Iterable[Family] | None = None) -> None:
        self._rule_set = rule_set
        self._router = Router(rule_set.rules, families)
        self._correlator = Correlator(rule_set.correlations)

    @property
    def rules(self) -> list[RuleInfo]:
        """What people need to know of every rule and correlation."""
        plain = [rule.info for rule in self._rule_set.rules]
        return plain + [correlation.info for correlation in self._rule_set.correlations]

    @property
    def statistics(self) -> dict[str, int]:
        """What was given up: matches evicted from full windows, and matches without the values to group them by."""
        return {"evicted": self._correlator.evicted, "ungrouped": self._correlator.ungrouped}

    def knows(self, dataset: str) -> bool:
        """Return whether rules can apply to records of `dataset` at all."""
        return self._router.knows(dataset)

    def match(self, records: Sequence[Record]) -> list[tuple[Match, Record]]:
        """Return every match with the record that completed it, in the order of the records."""
        matches: list[tuple[Match, Record]] = []
        for record in records:
            facts = Facts(record.fields)
            hit: set[str] = set()
            for candidate in self._router.candidates(record.fields):
                if (
                    holds(candidate.rule.condition, facts, candidate.names.resolve, candidate.keywords)
                    and candidate.rule.info.id not in hit
                ):
                    hit.add(candidate.rule.info.id)
                    matches.extend((match, record) for match in self._matches(candidate, record, facts))
        self._correlator.expire()
        return matches

    def _matches(self, candidate: Candidate, record: Record, facts: Facts) -> list[Match]:
        """Return what follows from a rule that holds: its own match, and those of correlations it completes."""
        rule = candidate.rule
        evidence = explain(rule.condition, facts, candidate.names.resolve, candidate.keywords)
        found = [Match(rule.info, record.id, record.at, evidence)] if rule.is_output else []
        if self._correlator.listens_to(rule.info.id):
            names = self._correlator.wanted(rule.info.id)
            hit = hit_of(rule.info.id, record, names, facts, candidate.names.resolve, evidence)
            found += self._correlator.see(hit)
        return found

    def why(self, rule_id: str, record: Record) -> list[Verdict]:
        """Return why a plain rule holds or not, once per reading of its fields; empty where it never looks."""
        facts = Facts(record.fields)
        return [
            why(candidate.rule.condition, facts, candidate.names.resolve, candidate.keywords)
            for candidate in self._router.candidates(record.fields)
            if candidate.rule.info.id == rule_id
        ]

    def checkpoint(self) -> bytes:
        """Return the state of the correlations, as JSON."""
        return self._correlator.dump()

    def restore(self, state: bytes) -> None:
        """Go on from a checkpoint; from an empty one, start anew. Raises InputError where it is damaged."""
        self._correlator.load(state)
